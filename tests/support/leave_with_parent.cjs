// Loaded into Azurite before it starts: its standard input is held open by the run of the tests that needs it, and
// ends when that run ends, however it ends. Then nobody is left to talk to.
process.stdin.on("end", () => process.exit(0)).resume();
process.stdin.unref?.();
