//! Random transactions with an input that is signed over our signature hashes.

use bitcoin_hashes::{hash160, sha256};
use outrider_bitcoin_script::{
    Flags, Software, Spending,
    opcode::{OP_CHECKSIG, OP_CODESEPARATOR, OP_DROP},
    policy::Policy,
    primitives::{
        OutPoint, ScriptSigBuf, Sequence, Transaction, TransactionVersion, TxIn, TxOut, Txid, Witness,
        absolute::LockTime,
    },
    sighash::{TaprootPath, legacy, segwit_v0, taproot},
    taproot::{TAPSCRIPT_LEAF_VERSION, leaf_hash, tweak_hash},
};
use secp256k1::{Keypair, Message, Scalar, SecretKey, ecdsa, schnorr};

use super::{
    fuzz::push,
    input::{Case, output, p2sh, p2wsh},
    mutation::Random,
};

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Kind {
    Bare,
    P2sh,
    P2wpkh,
    P2wsh,
    NestedP2wsh,
    TaprootKey,
    TaprootScript,
}

/// Makes a transaction of random shape, and signs one of its inputs with a random hash type.
pub fn signed(random: &mut Random) -> (Kind, Case) {
    use Kind::{Bare, NestedP2wsh, P2sh, P2wpkh, P2wsh, TaprootKey, TaprootScript};
    let kind = *random.choose(&[Bare, P2sh, P2wpkh, P2wsh, NestedP2wsh, TaprootKey, TaprootScript]);
    let secret = SecretKey::from_secret_bytes([random.below(254) as u8 + 1; 32]).unwrap();
    let keypair = Keypair::from_secret_key(&secret);
    let n_inputs = random.below(4) + 1;
    let input_index = random.below(n_inputs);
    let mut transaction = transaction(random, n_inputs);
    let mut spent: Vec<TxOut> = (0..n_inputs).map(|_| random_output(random)).collect();

    let key = keypair.public_key().serialize();
    // What is before a code separator is not signed, but for its position in tapscript.
    let before = [0, OP_DROP].repeat(random.below(3));
    let separator = if random.below(2) == 0 { vec![OP_CODESEPARATOR] } else { Vec::new() };
    let mut tail = [push(&key), vec![OP_CHECKSIG]].concat();
    let script_pubkey;
    let mut witness: Vec<Vec<u8>> = Vec::new();
    let mut script_sig = Vec::new();
    match kind {
        Bare | P2sh | P2wsh | NestedP2wsh => {
            let script = [&before[..], &separator, &tail].concat();
            let code = if separator.is_empty() { script.clone() } else { tail.clone() };
            let program = p2wsh(&script);
            script_pubkey = match kind {
                Bare => script.clone(),
                P2sh => p2sh(&script),
                P2wsh => program.clone(),
                _ => p2sh(&program),
            };
            spent[input_index].script_pubkey = script_pubkey.into();
            let hash_type = random.next() as u8;
            let spending = Spending::new(&transaction, &spent).unwrap();
            let digest = match kind {
                Bare | P2sh => legacy(&transaction, input_index, &code, u32::from(hash_type), &Software),
                _ => segwit_v0(&spending, input_index, &code, u32::from(hash_type), &Software),
            };
            let signature = ecdsa_signature(&secret, digest.unwrap(), hash_type);
            match kind {
                Bare => script_sig = push(&signature),
                P2sh => script_sig = [push(&signature), push(&script)].concat(),
                P2wsh => witness = vec![signature, script],
                _ => (script_sig, witness) = (push(&program), vec![signature, script]),
            }
        }
        P2wpkh => {
            let hash = hash160::Hash::hash(&key).to_byte_array();
            spent[input_index].script_pubkey = [&[0, 20][..], &hash].concat().into();
            let code = [&[0x76, 0xa9, 20][..], &hash, &[0x88, OP_CHECKSIG]].concat();
            let hash_type = random.next() as u8;
            let spending = Spending::new(&transaction, &spent).unwrap();
            let digest = segwit_v0(&spending, input_index, &code, u32::from(hash_type), &Software).unwrap();
            witness = vec![ecdsa_signature(&secret, digest, hash_type), key.to_vec()];
        }
        TaprootKey | TaprootScript => {
            let (internal, _) = keypair.x_only_public_key();
            let internal_bytes = internal.to_byte_array();
            tail = [push(&internal_bytes), vec![OP_CHECKSIG]].concat();
            let script = [&before[..], &separator, &tail].concat();
            let leaf = leaf_hash(TAPSCRIPT_LEAF_VERSION, &script, &Software);
            let tweak = Scalar::from_be_bytes(tweak_hash(&internal_bytes, Some(&leaf), &Software)).unwrap();
            let (output_key, parity) = internal.add_tweak(&tweak).unwrap();
            spent[input_index].script_pubkey = [&[0x51, 32][..], &output_key.to_byte_array()].concat().into();
            let annex = (random.below(2) == 0).then(|| vec![0x50; random.below(300) + 1]);
            let annex_hash =
                annex.as_ref().map(|annex| sha256::Hash::hash(&with_size(annex)).to_byte_array());
            let has_output = input_index < transaction.outputs.len();
            let types: &[u8] =
                if has_output { &[0, 1, 2, 3, 0x81, 0x82, 0x83] } else { &[0, 1, 2, 0x81, 0x82] };
            let hash_type = *random.choose(types);
            let code_separator = if separator.is_empty() { u32::MAX } else { before.len() as u32 };
            let (path, signer) = match kind {
                TaprootKey => (TaprootPath::Key, keypair.add_xonly_tweak(&tweak).unwrap()),
                _ => (TaprootPath::Script { leaf_hash: leaf, code_separator }, keypair),
            };
            let spending = Spending::new(&transaction, &spent).unwrap();
            let digest = taproot(&spending, input_index, path, annex_hash, hash_type, &Software).unwrap();
            let mut signature = schnorr::sign_no_aux_rand(&digest, &signer).to_byte_array().to_vec();
            signature.extend((hash_type != 0).then_some(hash_type));
            witness.push(signature);
            if kind == TaprootScript {
                let control = [&[TAPSCRIPT_LEAF_VERSION | parity.to_u8()][..], &internal_bytes].concat();
                witness.extend([script, control]);
            }
            witness.extend(annex);
        }
    }
    let input = &mut transaction.inputs[input_index];
    input.script_sig = script_sig.into();
    input.witness = Witness::from_slice(&witness);
    let name = format!("{kind:?}");
    let case = Case {
        name,
        transaction,
        spent_outputs: spent,
        input_index,
        flags: Flags::all(),
        policy: Policy::empty(),
    };
    (kind, case)
}

fn transaction(random: &mut Random, n_inputs: usize) -> Transaction {
    let mut input = || TxIn {
        previous_output: OutPoint {
            txid: Txid::from_byte_array([random.next() as u8; 32]),
            vout: random.below(300) as u32,
        },
        script_sig: ScriptSigBuf::from_bytes(vec![0; random.below(3)]),
        sequence: Sequence::from_consensus(random.next() as u32),
        witness: Witness::new(),
    };
    let inputs = (0..n_inputs).map(|_| input()).collect();
    Transaction {
        version: TransactionVersion::maybe_non_standard(random.next() as u32),
        lock_time: LockTime::from_consensus(random.next() as u32),
        inputs,
        outputs: (0..random.below(4)).map(|_| random_output(random)).collect(),
    }
}

fn random_output(random: &mut Random) -> TxOut {
    output(random.next() % 1_000_000, vec![random.next() as u8; *random.choose(&[0, 1, 25, 252, 253, 300])])
}

fn with_size(bytes: &[u8]) -> Vec<u8> {
    let length = bytes.len() as u16;
    let size = if length < 253 { vec![length as u8] } else { [&[253][..], &length.to_le_bytes()].concat() };
    [size, bytes.to_vec()].concat()
}

fn ecdsa_signature(secret: &SecretKey, digest: [u8; 32], hash_type: u8) -> Vec<u8> {
    let signature = ecdsa::sign(Message::from_digest(digest), secret);
    [&signature.serialize_der()[..], &[hash_type]].concat()
}
