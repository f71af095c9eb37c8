//! As much of the contract ABI as calling the contracts takes: selectors, arguments, words of an answer.
use verilens_verifier::transcript::keccak256;

/// A 32-byte big-endian word.
pub type Word = [u8; 32];

/// An argument of a function, constructor, event or error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A type of one word: `uint256`, `bytes32`, `bool`, `address`.
    Word(Word),
    /// `bytes` or `string`.
    Bytes(Vec<u8>),
    /// `uint256[]` or `bytes32[]`.
    Words(Vec<Word>),
}

impl Value {
    /// An unsigned integer.
    pub fn uint(x: u128) -> Self {
        Self::Word(uint(x))
    }

    /// A truth value.
    pub fn bool(x: bool) -> Self {
        Self::uint(u128::from(x))
    }

    /// An address.
    pub fn address(x: impl Into<[u8; 20]>) -> Self {
        Self::Word(address(x))
    }
}

/// An unsigned integer as a word.
pub fn uint(x: u128) -> Word {
    let mut word = [0; 32];
    word[16..].copy_from_slice(&x.to_be_bytes());
    word
}

/// An address as a word.
pub fn address(x: impl Into<[u8; 20]>) -> Word {
    let mut word = [0; 32];
    word[12..].copy_from_slice(&x.into());
    word
}

/// The selector of a function or error by its canonical signature, such as `verify(bytes,uint256[])`.
pub fn selector(signature: &str) -> [u8; 4] {
    let [a, b, c, d, ..] = topic(signature);
    [a, b, c, d]
}

/// The first topic of an event by its canonical signature.
pub fn topic(signature: &str) -> Word {
    keccak256(&[signature.as_bytes()])
}

/// Arguments in the encoding that a constructor takes after its code.
pub fn encode(values: &[Value]) -> Vec<u8> {
    let mut head = Vec::with_capacity(32 * values.len());
    let mut tail = Vec::new();
    for value in values {
        let offset = uint((32 * values.len() + tail.len()) as u128);
        match value {
            Value::Word(word) => head.extend_from_slice(word),
            Value::Bytes(bytes) => {
                head.extend_from_slice(&offset);
                tail.extend_from_slice(&uint(bytes.len() as u128));
                tail.extend_from_slice(bytes);
                tail.resize(tail.len().next_multiple_of(32), 0);
            }
            Value::Words(words) => {
                head.extend_from_slice(&offset);
                tail.extend_from_slice(&uint(words.len() as u128));
                tail.extend_from_slice(words.as_flattened());
            }
        }
    }
    head.append(&mut tail);
    head
}

/// The data of a call, or of a revert with a declared error: selector and arguments.
pub fn call(signature: &str, values: &[Value]) -> Vec<u8> {
    let mut data = selector(signature).to_vec();
    data.append(&mut encode(values));
    data
}

/// Word `index` of an answer; `None` if it is shorter.
pub fn word_at(answer: &[u8], index: usize) -> Option<Word> {
    let start = index.checked_mul(32)?;
    answer.get(start..)?.first_chunk().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Selectors that everybody knows: ERC-20's, and Solidity's own errors.
    #[test]
    fn selectors() {
        for (signature, expected) in [
            ("transfer(address,uint256)", "a9059cbb"),
            ("balanceOf(address)", "70a08231"),
            ("Error(string)", "08c379a0"),
            ("Panic(uint256)", "4e487b71"),
        ] {
            assert_eq!(hex::encode(selector(signature)), expected, "{signature}");
        }
        assert_eq!(
            hex::encode(topic("Transfer(address,address,uint256)")),
            "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
        );
    }

    /// The third example of Solidity's ABI specification: `sam(bytes,bool,uint256[])` with "dave", true, [1,2,3].
    #[test]
    fn specification_example() {
        let data = call(
            "sam(bytes,bool,uint256[])",
            &[
                Value::Bytes(b"dave".to_vec()),
                Value::bool(true),
                Value::Words([1, 2, 3].map(uint).to_vec()),
            ],
        );
        let expected = "a5643bf2\
            0000000000000000000000000000000000000000000000000000000000000060\
            0000000000000000000000000000000000000000000000000000000000000001\
            00000000000000000000000000000000000000000000000000000000000000a0\
            0000000000000000000000000000000000000000000000000000000000000004\
            6461766500000000000000000000000000000000000000000000000000000000\
            0000000000000000000000000000000000000000000000000000000000000003\
            0000000000000000000000000000000000000000000000000000000000000001\
            0000000000000000000000000000000000000000000000000000000000000002\
            0000000000000000000000000000000000000000000000000000000000000003";
        assert_eq!(hex::encode(data), expected);
    }

    #[test]
    fn whole_words_are_not_padded() {
        assert_eq!(encode(&[Value::Bytes(vec![7; 32])]).len(), 96);
        assert_eq!(encode(&[Value::Bytes(Vec::new())]).len(), 64);
        assert_eq!(encode(&[]), Vec::<u8>::new());
    }

    #[test]
    fn words_of_an_answer() {
        let answer = encode(&[Value::uint(5), Value::address([0xab; 20])]);
        assert_eq!(word_at(&answer, 0), Some(uint(5)));
        assert_eq!(word_at(&answer, 1), Some(address([0xab; 20])));
        assert_eq!(word_at(&answer, 2), None);
        assert_eq!(word_at(&answer[..63], 1), None);
        assert_eq!(word_at(&answer, usize::MAX), None);
    }
}
