// Compiles a contract as this repository keeps them: `npm install solc@0.8.30`, then
// `node compile.mjs SOURCE CONTRACT > CONTRACT.hex`. The output is the code of the deployed contract.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, normalize } from "node:path";

const solc = createRequire(join(process.cwd(), "compile.mjs"))("solc");
const [source, contract] = process.argv.slice(2);
const read = (path) => ({ contents: readFileSync(path, "utf8") });
const input = {
  language: "Solidity",
  sources: { [normalize(source)]: { content: read(source).contents } },
  settings: {
    evmVersion: "paris",
    optimizer: { enabled: true, runs: 200 },
    metadata: { appendCBOR: false, bytecodeHash: "none" },
    outputSelection: { "*": { "*": ["evm.deployedBytecode.object"] } },
  },
};
const output = JSON.parse(solc.compile(JSON.stringify(input), { import: read }));
const problems = (output.errors ?? []).map((error) => error.formattedMessage);
if (problems.length > 0) console.error(problems.join("\n"));
if (!output.contracts) process.exit(1);
console.log(output.contracts[normalize(source)][contract].evm.deployedBytecode.object);
