"""The operators' pages: server-rendered, no script, every value escaped. Views on `operate`, nothing more."""
