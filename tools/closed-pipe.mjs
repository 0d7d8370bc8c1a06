// A program that imports this ends quietly when the reader of its output has had enough, as head(1).
process.stdout.on("error", (error) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});
