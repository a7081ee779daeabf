//! Held writes, and writes let go.

use super::*;

fn on_file(bytes: &[u8]) -> (tempfile::NamedTempFile, Backend, Hold) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    let opened = std::fs::File::options().read(true).write(true).open(file.path()).unwrap();
    let (backend, hold) = holding(FileBackend::new(opened).unwrap());
    (file, backend, hold)
}

fn contents(backend: &Backend) -> Vec<u8> {
    let mut out = vec![1; usize::try_from(backend.len().unwrap()).unwrap()];
    backend.read(0, &mut out).unwrap();
    out
}

#[test]
fn held_writes_are_read_back_and_reach_the_file_on_release() {
    let (file, backend, hold) = on_file(b"0123456789");
    backend.write(2, b"ab").unwrap();
    backend.set_len(4).unwrap();
    backend.sync_data().unwrap();
    backend.set_len(8).unwrap();
    backend.write(7, b"xyz").unwrap();
    let expected = b"01ab\0\0\0xyz";
    assert_eq!(contents(&backend), expected);
    let mut middle = [0; 3];
    backend.read(3, &mut middle).unwrap();
    assert_eq!(&middle, b"b\0\0");
    assert!(backend.read(9, &mut middle).is_err(), "past the end");
    assert_eq!(std::fs::read(file.path()).unwrap(), b"0123456789", "nothing was touched");
    hold.release().unwrap();
    assert_eq!(std::fs::read(file.path()).unwrap(), expected);
    backend.write(0, b"Z").unwrap();
    assert_eq!(contents(&backend)[0], b'Z');
    assert_eq!(std::fs::read(file.path()).unwrap()[0], b'Z');
}

#[test]
fn a_dropped_hold_leaves_the_file_alone() {
    let (file, backend, hold) = on_file(b"0123");
    backend.write(0, b"zz").unwrap();
    backend.set_len(100).unwrap();
    drop(hold);
    drop(backend);
    assert_eq!(std::fs::read(file.path()).unwrap(), b"0123");
}
