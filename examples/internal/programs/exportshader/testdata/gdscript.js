// Parses GDScript files, and says where one is wrong.
"use strict";
const fs = require("fs");
const Parser = require("tree-sitter");

const parser = new Parser();
parser.setLanguage(require("tree-sitter-gdscript"));

// report names the innermost places that are wrong.
function report(file, node) {
  if (node.type === "ERROR" || node.isMissing) {
    const { row, column } = node.startPosition;
    console.log(`${file}:${row + 1}:${column + 1}: ${node.text.slice(0, 60)}`);
  }
  for (const child of node.hasError ? node.children : []) report(file, child);
}

for (const file of process.argv.slice(2)) {
  const text = fs.readFileSync(file, "utf8");
  const { rootNode } = parser.parse(at => text.slice(at, at + 4096)); // no longer texts at once
  if (rootNode.hasError || rootNode.childCount === 0) {
    report(file, rootNode);
    process.exitCode = 1;
  }
}
