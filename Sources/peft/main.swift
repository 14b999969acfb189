import PEFTCommands

// Everything is in the library, so that the program is tested as it runs.
await Program.main()
