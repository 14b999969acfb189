// Jinja as chat templates use it.
