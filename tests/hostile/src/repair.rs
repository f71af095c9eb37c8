//! Sets right what stands in the way of a mutation's being read.

pub(crate) fn nothing(_: &mut [u8]) {}

/// The length in a frame.
pub(crate) fn frame(file: &mut [u8]) {
    if let Some((header, body)) = file.split_at_mut_checked(20) {
        header[12..].copy_from_slice(&(body.len() as u64).to_le_bytes());
    }
}

/// The checksums of a PNG's chunks, as far as its lengths make sense.
pub(crate) fn png(file: &mut [u8]) {
    let Some((magic, mut rest)) = file.split_at_mut_checked(8) else {
        return;
    };
    if magic != b"\x89PNG\r\n\x1a\n" {
        return;
    }
    while let Some((length, after)) = rest.split_first_chunk_mut::<4>() {
        let length = u32::from_be_bytes(*length) as usize;
        let Some((chunk, after)) = after.split_at_mut_checked(length.saturating_add(4)) else {
            return;
        };
        let Some((sum, after)) = after.split_first_chunk_mut::<4>() else {
            return;
        };
        *sum = crc32(chunk).to_be_bytes();
        rest = after;
    }
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| (crc >> 1) ^ (0xedb8_8320 * (crc & 1));
    !bytes
        .iter()
        .fold(u32::MAX, |crc, &b| (0..8).fold(crc ^ u32::from(b), step))
}

#[test]
fn the_checksum_is_the_usual_one() {
    assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
}
