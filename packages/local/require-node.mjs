/** Ends a process that an older Node runs, in one sentence. Loaded before any `.ts`, so it is plain JavaScript that every Node reads. */
const major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  console.error(
    `Gatehouse runs on Node 24 and this is ${process.version}: "npm ci" installs it here, unless install scripts are switched off.`,
  );
  process.exit(1);
}
