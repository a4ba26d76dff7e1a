#!/bin/sh
# Makes the vectors anew, in the current folder, with Node.js and: npm install snarkjs@0.7.6 circom2@0.2.23
# Contributions draw from the system's entropy, so each run makes other files; the tests hold hashes of these.
set -e
vectors=$(dirname "$0")/vectors
snarkjs="npx snarkjs"
beacon=0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20

$snarkjs powersoftau new bls12381 1 new.ptau
$snarkjs powersoftau new bls12381 4 p0.ptau
$snarkjs powersoftau contribute p0.ptau p1.ptau --name=first -e="entropy one"
$snarkjs powersoftau contribute p1.ptau p2.ptau --name=second -e="entropy two"
$snarkjs powersoftau beacon p2.ptau plain.ptau $beacon 10 -n=beacon
$snarkjs powersoftau prepare phase2 plain.ptau prepared.ptau
$snarkjs powersoftau truncate prepared.ptau # prepared_03.ptau is truncated.ptau
mv prepared_03.ptau truncated.ptau

npx circom2 "$vectors/circuit.circom" --r1cs --wasm --prime bls12381
echo '{"x": "3", "k": "7"}' > input.json
$snarkjs wtns calculate circuit_js/circuit.wasm input.json circuit.wtns
$snarkjs groth16 setup circuit.r1cs prepared.ptau first.zkey
$snarkjs zkey contribute first.zkey contributed.zkey --name="delta one" -e="entropy three"
$snarkjs zkey beacon contributed.zkey final.zkey $beacon 10 -n="delta beacon"
for key in first final; do
    $snarkjs zkey export verificationkey $key.zkey $key.vk.json
    $snarkjs groth16 prove $key.zkey circuit.wtns $key.proof.json public.json
done

# Of another curve.
$snarkjs powersoftau new bn128 2 bn128.ptau
$snarkjs powersoftau new bn128 3 b0.ptau
$snarkjs powersoftau contribute b0.ptau b1.ptau --name=b -e=x
$snarkjs powersoftau prepare phase2 b1.ptau b2.ptau
mkdir -p bn && npx circom2 "$vectors/circuit.circom" -o bn --r1cs --prime bn128
$snarkjs groth16 setup bn/circuit.r1cs b2.ptau bn128.zkey
