//! The known settings.

/// The setting of a fork.
#[derive(Clone, Copy)]
pub(super) struct Setting {
    pub(super) key: &'static str,
    /// The fork's name in Ethereum's tests.
    pub(super) name: &'static str,
    /// Whether later forks may be set without this one.
    pub(super) is_optional: bool,
}

const fn needed(key: &'static str, name: &'static str) -> Setting {
    Setting { key, name, is_optional: false }
}

const fn optional(key: &'static str, name: &'static str) -> Setting {
    Setting { key, name, is_optional: true }
}

/// Forks that are activated by block number, in order.
pub(super) const BY_NUMBER: [Setting; 12] = [
    needed("homesteadBlock", "Homestead"),
    needed("eip150Block", "EIP150"),
    needed("eip158Block", "EIP158"),
    needed("byzantiumBlock", "Byzantium"),
    needed("constantinopleBlock", "Constantinople"),
    optional("petersburgBlock", "ConstantinopleFix"),
    needed("istanbulBlock", "Istanbul"),
    optional("muirGlacierBlock", "MuirGlacier"),
    needed("berlinBlock", "Berlin"),
    needed("londonBlock", "London"),
    optional("arrowGlacierBlock", "ArrowGlacier"),
    optional("grayGlacierBlock", "GrayGlacier"),
];

/// Forks that are activated by time, in order. Their names without `Time` are those of blob schedules.
pub(super) const BY_TIME: [Setting; 10] = [
    needed("shanghaiTime", "Shanghai"),
    needed("cancunTime", "Cancun"),
    needed("pragueTime", "Prague"),
    needed("osakaTime", "Osaka"),
    optional("bpo1Time", "BPO1"),
    optional("bpo2Time", "BPO2"),
    optional("bpo3Time", "BPO3"),
    optional("bpo4Time", "BPO4"),
    optional("bpo5Time", "BPO5"),
    needed("amsterdamTime", "Amsterdam"),
];

pub(super) const MERGE: &str = "terminalTotalDifficulty";

/// The other settings. The hash of a block, the block at which the merge splits the network, and the flag that the
/// merge is over do not change any rule.
pub(super) const OTHERS: [&str; 17] = [
    "chainId",
    "daoForkBlock",
    "daoForkSupport",
    "eip150Hash",
    "eip155Block",
    MERGE,
    "terminalTotalDifficultyPassed",
    "mergeNetsplitBlock",
    "depositContractAddress",
    "blobSchedule",
    "ethash",
    "clique",
    "bogotaTime",
    "verkleTime",
    "ubtTime",
    "enableVerkleAtGenesis",
    "enableUBTAtGenesis",
];

/// Settings that ask for rules that the EE does not have.
pub(super) const UNSUPPORTED: [(&str, &str); 5] = [
    ("bogotaTime", "the fork is not known"),
    ("verkleTime", "states are Merkle Patricia tries"),
    ("ubtTime", "states are Merkle Patricia tries"),
    ("enableVerkleAtGenesis", "states are Merkle Patricia tries"),
    ("enableUBTAtGenesis", "states are Merkle Patricia tries"),
];
