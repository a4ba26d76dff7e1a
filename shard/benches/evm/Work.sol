// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// Loops that spend their gas on one thing each.
contract Work {
    mapping(uint256 => uint256) public slots;

    /// Hashes 256 bytes again and again.
    function keccak(uint256 n) external pure returns (bytes32 digest) {
        for (uint256 i = 0; i < n; i++) {
            digest = keccak256(abi.encode(digest, i, i, i, i, i, i, i));
        }
    }

    /// Writes slots, and reads those before them.
    function store(uint256 first, uint256 n) external {
        for (uint256 i = first; i < first + n; i++) {
            slots[i + 1] = slots[i] + i + 1;
        }
    }

    /// Multiplies, adds, divides and reduces numbers of 256 bits.
    function arithmetic(uint256 n) external pure returns (uint256 x) {
        uint256 p = 0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47;
        x = 0x9e3779b97f4a7c15f39cc0605cedc8341082276bf3a27251f86c6a11d0c18e95;
        unchecked {
            for (uint256 i = 1; i <= n; i++) {
                x = mulmod(x, x + i, p) ^ (x * x) / i;
            }
        }
    }

    /// Recovers a signer, hashes, and adds and multiplies on a curve.
    function precompiles(uint256 n) external view returns (bytes32 digest) {
        uint256[2] memory sum = [uint256(1), 2];
        for (uint256 i = 0; i < n; i++) {
            digest = sha256(abi.encode(digest, ecrecover(digest, 27, bytes32(uint256(7)), bytes32(i + 1)), sum));
            (bool added, bytes memory point) = address(6).staticcall(abi.encode(sum, [uint256(1), 2]));
            require(added, "bn254 addition");
            sum = abi.decode(point, (uint256[2]));
            (added, point) = address(7).staticcall(abi.encode(sum, uint256(digest)));
            require(added, "bn254 multiplication");
            sum = abi.decode(point, (uint256[2]));
        }
    }
}
