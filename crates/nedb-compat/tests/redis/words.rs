//! The words of a command line: divided by spaces, or quoted with `"` and the escapes `\n \r \t \\ \" \xNN`.

/// Divides a line.
pub fn words(line: &str) -> Vec<Vec<u8>> {
    let (mut words, mut bytes) = (Vec::new(), line.bytes().peekable());
    loop {
        while bytes.next_if_eq(&b' ').is_some() {}
        let Some(first) = bytes.next() else { return words };
        let mut word = Vec::new();
        if first != b'"' {
            word.push(first);
            while let Some(byte) = bytes.next_if(|byte| *byte != b' ') {
                word.push(byte);
            }
            words.push(word);
            continue;
        }
        loop {
            match bytes.next().expect("a quoted word ends") {
                b'"' => break,
                b'\\' => word.push(match bytes.next().expect("an escape has a letter") {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'x' => {
                        let digits: String = bytes.by_ref().take(2).map(char::from).collect();
                        u8::from_str_radix(&digits, 16).expect("two hexadecimal digits")
                    }
                    other => other,
                }),
                byte => word.push(byte),
            }
        }
        words.push(word);
    }
}

#[test]
fn quoted_words_hold_any_byte() {
    assert_eq!(words(r#"SET k "a b\x00\"" "" x"#), [b"SET".as_slice(), b"k", b"a b\0\"", b"", b"x"]);
}
