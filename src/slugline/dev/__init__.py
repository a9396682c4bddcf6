"""While you type: watch, reload, and show what is wrong."""
