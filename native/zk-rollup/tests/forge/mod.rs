//! A transfer whose witness a forger changes, down to the variables that honest provers compute.

pub(crate) mod signatures;

use std::collections::BTreeMap;

use ark_ec::CurveGroup as _;
use ark_ff::{AdditiveGroup as _, Field as _, PrimeField as _};
use outrider_zk_rollup::circuit::{Number, Row, Rows, Rule, System, Terms};
use outrider_zk_rollup::tree::Tree;
use outrider_zk_rollup::witness::{BatchWitness, SignatureWitness, SlotWitness, digits, packed};
use outrider_zk_rollup_core::curve::{GENERATOR, Point, Scalar, scalar_from_bytes};
use outrider_zk_rollup_core::field::power_of_two;
use outrider_zk_rollup_core::poseidon::{MIX, compress};
use outrider_zk_rollup_core::signature::{Kind, Message, factor, halves};
use outrider_zk_rollup_core::{Account, Fr, SecretKey, Signature};

use crate::world::{World, circuit, digest, key};

/// A transfer of 300 Gwei and a fee of 5 from account 1 to account 14, which is in another quarter of the tree.
pub(crate) struct Scene {
    pub(crate) before: Tree,
    pub(crate) old_root: Fr,
    pub(crate) domain: Fr,
    pub(crate) slot: SlotWitness,
    /// Values of variables by index, instead of those that the circuit computes.
    pub(crate) overrides: BTreeMap<u32, Fr>,
    /// The difference of the public input from the digest.
    pub(crate) public_input_offset: Fr,
    signer: SecretKey,
    /// The children of the sender's node afterwards, if they are other than the sender's leaf makes them.
    children: Option<[Fr; 4]>,
}

impl Scene {
    pub(crate) fn new() -> Scene {
        let mut world = World::new();
        let before = world.tree.clone();
        let slot = world.slot(1, 14, 300, 5);
        Scene {
            old_root: before.root(),
            before,
            domain: world.domain,
            slot,
            overrides: BTreeMap::new(),
            public_input_offset: Fr::ZERO,
            signer: key(1),
            children: None,
        }
    }

    /// The same slot over another tree, with the siblings of that tree.
    pub(crate) fn over(mut self, world: World) -> Scene {
        self.before = world.tree;
        self.old_root = self.before.root();
        self.slot.sender.siblings = self.before.siblings(1);
        self.slot.receiver.siblings = self.before.siblings(14);
        self
    }

    /// A slot without a transfer.
    pub(crate) fn without_transfer(mut self) -> Scene {
        self.slot = SlotWitness::without_transfer(&self.domain, &self.before.siblings(0));
        self.signer = SecretKey::from_seed(&[0; 32]);
        self
    }

    /// The sender claims to have a billion.
    pub(crate) fn rich(mut self) -> Scene {
        self.slot.sender.balance = digits(1_000_000_000, 64);
        self.slot.sender.balance_after = digits(1_000_000_000 - 305, 64);
        self
    }

    /// The receiver claims to have a billion.
    pub(crate) fn rich_receiver(mut self) -> Scene {
        self.slot.receiver.balance = digits(1_000_000_000, 64);
        self.slot.receiver.balance_after = digits(1_000_000_300, 64);
        self
    }

    /// All constraints, with the forger's values. The public input is the digest that follows from them.
    pub(crate) fn rows(&mut self) -> Rows {
        if self.slot.to == digits(14, 4) {
            let mut children = self.first_children();
            children[1] = self.sender_leaf_after();
            self.slot.receiver.siblings[1][1] = compress(self.children.unwrap_or(children));
        }
        let digest = digest(&self.synthesize(Fr::ZERO));
        self.synthesize(digest + self.public_input_offset)
    }

    fn synthesize(&self, public_input: Fr) -> Rows {
        let rows = Rows { rows: Vec::new(), assignment: vec![Fr::from(1), public_input] };
        let mut forger = Forger { rows, overrides: &self.overrides };
        let witness = BatchWitness {
            public_input,
            domain: self.domain,
            old_root: self.old_root,
            slots: vec![self.slot.clone()],
        };
        circuit(1).synthesize(&mut forger, &Number::variable(public_input, Terms::variable(1)), &witness);
        forger.rows
    }

    /// The leaf of account 1 in the tree, and that beside it, which is empty.
    pub(crate) fn first_pair(&self) -> [Fr; 2] {
        let [other, honest, ..] = self.first_children();
        [honest, other]
    }

    fn first_children(&self) -> [Fr; 4] {
        [0, 1, 2, 3].map(|index| self.before.account(index).map(Account::leaf).unwrap_or_default())
    }

    /// Changes the children of the sender's node as the receiver finds them.
    pub(crate) fn receive_below(&mut self, change: impl FnOnce(&mut [Fr; 4])) {
        let mut children = self.first_children();
        change(&mut children);
        self.children = Some(children);
    }

    /// The tree after the honest sender's change.
    pub(crate) fn after_sender(&self) -> Tree {
        let mut tree = self.before.clone();
        let account = *tree.account(1).expect("an account");
        tree.set(1, Account { balance: account.balance - 305, nonce: account.nonce + 1, ..account });
        tree
    }

    pub(crate) fn sender_leaf(&self) -> Fr {
        let sender = &self.slot.sender;
        leaf(sender.key_y, packed(&sender.balance), packed(&sender.nonce))
    }

    pub(crate) fn sender_leaf_after(&self) -> Fr {
        let sender = &self.slot.sender;
        leaf(sender.key_y, packed(&sender.balance_after), packed(&sender.nonce) + Fr::from(1))
    }

    pub(crate) fn receiver_leaf(&self) -> Fr {
        let receiver = &self.slot.receiver;
        leaf(receiver.key_y, packed(&receiver.balance), packed(&receiver.nonce))
    }

    pub(crate) fn key_y(&self) -> Fr {
        self.slot.sender.key_y
    }

    /// The message that the sender signs.
    pub(crate) fn message(&self) -> Fr {
        self.message_for(packed(&self.slot.sender.nonce)).element()
    }

    fn message_for(&self, nonce: Fr) -> Message {
        Message::of_element(Kind::Transfer, self.slot.packed() + nonce * power_of_two(96))
    }

    /// Has the owner sign the slot as it is.
    pub(crate) fn resign(&mut self) {
        self.sign_message(packed(&self.slot.sender.nonce));
    }

    /// Has the owner sign the slot for another nonce.
    pub(crate) fn sign_for_nonce(&mut self, nonce: u64) {
        self.sign_message(Fr::from(nonce));
    }

    fn sign_message(&mut self, nonce: Fr) {
        let signature = Signature::sign(&self.signer, &self.message_for(nonce), &self.domain);
        let message = self.message_for(packed(&self.slot.sender.nonce));
        self.slot.signature = SignatureWitness::new(&signature, &self.key_y(), &message, &self.domain);
    }

    /// A signature with another key, in the name of the sender.
    pub(crate) fn signature_of(&self, secret: &SecretKey) -> SignatureWitness {
        let secret = scalar_from_bytes(&secret.to_bytes()).expect("a scalar");
        let (commitment, hash) = self.commit();
        let challenge = low(&hash);
        let response = commitment + factor(challenge) * secret;
        SignatureWitness::of_hash(self.slot.signature.key_x, &Signature { challenge, response }, &hash)
    }

    /// Has a hash as the challenge, and 1 as the response.
    pub(crate) fn sign_hash(&mut self, hash: impl FnOnce(&Scene) -> Fr) {
        let hash = hash(self);
        let signature = Signature { challenge: low(&hash), response: Scalar::from(1_u8) };
        self.slot.signature = SignatureWitness::of_hash(self.slot.signature.key_x, &signature, &hash);
    }

    /// A commitment of the forger's: its factor, and the hash with it.
    fn commit(&self) -> (Scalar, Fr) {
        let factor = Scalar::from(5_u8);
        let point = (GENERATOR * factor).into_affine();
        (factor, compress([point.y, self.key_y(), self.message(), self.domain]))
    }

    /// Signs with the response 1, and returns the point that the response would have to be times the generator.
    pub(crate) fn forge_commitment(&mut self) -> Point {
        let (commitment, hash) = self.commit();
        self.sign_hash(|_| hash);
        let key = Point::new_unchecked(self.slot.signature.key_x, self.key_y());
        (GENERATOR * commitment + key * factor(low(&hash))).into_affine()
    }

    /// Signs with the response 1, and returns the point that its last digit would have to select.
    pub(crate) fn forge_response(&mut self) -> Point {
        let needed = self.forge_commitment();
        let [low, high, sign] = self.slot.signature.response[83];
        let digit = sign * (Fr::from(1) + low + high + high);
        // The digit is between -7 and 7.
        let magnitude = [1_u64, 3, 5, 7].into_iter().find(|odd| digit.square() == Fr::from(odd * odd));
        let magnitude = Scalar::from(magnitude.expect("an odd digit"));
        let last = if sign == Fr::from(1) { magnitude } else { -magnitude };
        let others = Scalar::from(1_u8) - last * Scalar::from(8_u8).pow([83]);
        (needed - GENERATOR * others).into_affine()
    }

    /// Has the last digit of the response select any point.
    pub(crate) fn select_last(&mut self, point: &Point) {
        let place = Scalar::from(8_u8).pow([83]);
        let one = (GENERATOR * place).into_affine();
        let three = (GENERATOR * (place * Scalar::from(3_u8))).into_affine();
        let low = (point.y - one.y) / (three.y - one.y);
        let x = one.x + low * (three.x - one.x);
        self.slot.signature.response[83] = [low, Fr::ZERO, point.x / x];
    }

    /// Signs with the response 1, and returns what the product of challenge and key would have to be, in Montgomery's form.
    pub(crate) fn forge_product(&mut self) -> (Fr, Fr) {
        let (commitment, hash) = self.commit();
        self.sign_hash(|_| hash);
        let product = (GENERATOR * (Scalar::from(1_u8) - commitment)).into_affine();
        let u = (Fr::from(1) + product.y) / (Fr::from(1) - product.y);
        (u, u / product.x)
    }
}

/// Records constraints, and gives some variables other values.
struct Forger<'a> {
    rows: Rows,
    overrides: &'a BTreeMap<u32, Fr>,
}

impl System for Forger<'_> {
    type Form = Terms;

    fn witness(&mut self, value: Fr) -> Number<Terms> {
        let index = self.rows.assignment.len() as u32;
        self.rows.witness(self.overrides.get(&index).copied().unwrap_or(value))
    }

    fn enforce(&mut self, rule: Rule, a: &Number<Terms>, b: &Number<Terms>, c: &Number<Terms>) {
        self.rows.enforce(rule, a, b, c);
    }
}

/// A number in its first digit, so that the others are zero: no bit, unless it is 0 or 1.
pub(crate) fn stuffed(number: Fr, n_digits: usize) -> Vec<Fr> {
    let mut digits = vec![Fr::ZERO; n_digits];
    digits[0] = number;
    digits
}

/// The variable of the last S-box in lane 0 of a hash, with the value by which the hash changes by a difference.
pub(crate) fn override_hash(
    rows: &Rows,
    rule: Rule,
    rows_per_hash: usize,
    hash: usize,
    difference: Fr,
) -> (u32, Fr) {
    // The last round has three constraints for each of four lanes.
    let row = rows_of(rows, rule)[(hash + 1) * rows_per_hash - 12 + 2];
    let variable = last_of(&row.c);
    (variable, rows.assignment[variable as usize] + difference / MIX[0][0])
}

/// The product of a rule's constraint.
pub(crate) fn product(rows: &Rows, rule: Rule, index: usize) -> u32 {
    last_of(&rows_of(rows, rule)[index].c)
}

/// The quotient of a rule's constraint.
pub(crate) fn quotient(rows: &Rows, rule: Rule, index: usize) -> u32 {
    last_of(&rows_of(rows, rule)[index].a)
}

/// The quotient of a rule's last constraint but some.
pub(crate) fn last_quotient(rows: &Rows, rule: Rule, but: usize) -> u32 {
    let rows = rows_of(rows, rule);
    last_of(&rows[rows.len() - 1 - but].a)
}

/// The last variable in a rule's last constraint.
pub(crate) fn last_variable(rows: &Rows, rule: Rule) -> u32 {
    last_of(&rows_of(rows, rule).last().expect("a constraint").c)
}

/// The sides of a rule that requires equality.
pub(crate) fn sides(rows: &Rows, rule: Rule) -> (Fr, Fr) {
    let row = rows_of(rows, rule)[0];
    (row.a.value(&rows.assignment), row.c.value(&rows.assignment))
}

/// The difference of the challenge and the low half of the hash.
pub(crate) fn low_missing(rows: &Rows) -> Fr {
    let row = rows_of(rows, Rule::ChallengeLow)[0];
    let [key_v, factor, digits] = [&row.a, &row.b, &row.c].map(|terms| terms.value(&rows.assignment));
    (digits / key_v - factor) / Fr::from(2)
}

fn rows_of(rows: &Rows, rule: Rule) -> Vec<&Row> {
    rows.rows.iter().filter(|row| row.rule == rule).collect()
}

fn last_of(terms: &Terms) -> u32 {
    terms.iter().last().expect("a variable").0
}

fn low(hash: &Fr) -> u128 {
    halves(&hash.into_bigint()).0
}

/// The leaf of an account, of any numbers.
fn leaf(key_y: Fr, balance: Fr, nonce: Fr) -> Fr {
    compress([key_y, balance + nonce * power_of_two(64), Fr::ZERO, Fr::from(1)])
}
