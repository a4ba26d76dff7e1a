// Compiles a contract as this repository keeps them. Run it in a directory in which `npm install solc@0.8.30` was run, or
// with NODE_PATH, with a path to SOURCE from there: `node compile.mjs SOURCE CONTRACT [bytecode] > CONTRACT.hex`. It prints the code of the deployed
// contract, or with `bytecode` the code that deploys it.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, normalize } from "node:path";

const solc = createRequire(join(process.cwd(), "compile.mjs"))("solc");
const [path, contract, part = "deployedBytecode"] = process.argv.slice(2);
const source = normalize(path);
const read = (path) => readFileSync(path, "utf8");
const input = {
  language: "Solidity",
  sources: { [source]: { content: read(source) } },
  settings: {
    evmVersion: "paris",
    optimizer: { enabled: true, runs: 200 },
    metadata: { appendCBOR: false, bytecodeHash: "none" },
    outputSelection: { "*": { "*": [`evm.${part}.object`] } },
  },
};
const output = JSON.parse(solc.compile(JSON.stringify(input), { import: (path) => ({ contents: read(path) }) }));
for (const { formattedMessage } of output.errors ?? []) console.error(formattedMessage);
if (!output.contracts) process.exit(1);
console.log(output.contracts[source][contract].evm[part].object);
