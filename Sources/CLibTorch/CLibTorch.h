// Names libtorch as a system library, so that its flags come from scripts/bootstrap's pkg-config file.
