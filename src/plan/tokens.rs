//! The tokens of a document, cut as the parser's grammar cuts them, and what they say before anything is parsed: how many
//! there are, and how many brackets are open inside one another.
//!
//! In: a text. Out: its tokens. The parser goes down one frame for each open bracket, so where a text ends and which bracket
//! is one must never be read otherwise here: U+FEFF is passed over like a blank, and a text of three quotes that nothing
//! closes is said to be one. What stands behind such a mistake the parser never reaches.

/// A token; what a name, a number or a text says is of no interest here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    /// One of `( [ {`.
    Opening(u8),
    /// One of `) ] }`.
    Closing,
    /// A name, a number, a text, `...`, another sign, or a byte that means nothing.
    Other,
    /// `"""` that nothing closes.
    Unclosed,
}

/// Cuts a text into tokens.
#[derive(Debug)]
pub(super) struct Tokens<'q> {
    bytes: &'q [u8],
    at: usize,
}

impl<'q> Tokens<'q> {
    /// Begins a text.
    pub fn new(text: &'q str) -> Self {
        Self { bytes: text.as_bytes(), at: 0 }
    }

    fn rest(&self) -> &'q [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Passes over the bytes from here that are so; returns how many there are.
    fn pass(&mut self, is: impl Fn(u8) -> bool) -> usize {
        let rest = self.rest();
        let n_bytes = rest.iter().position(|byte| !is(*byte)).unwrap_or(rest.len());
        self.at += n_bytes;
        n_bytes
    }

    /// Passes over a text of one line from its opening quote to its closing one, or to where it can be none.
    fn pass_text(&mut self) {
        self.at += 1;
        while let Some(byte) = self.rest().first() {
            match byte {
                b'\\' => self.at += 2,
                b'\n' | b'\r' => return,
                b'"' => {
                    self.at += 1;
                    return;
                }
                _ => self.at += 1,
            }
        }
    }

    /// Passes over a text of several lines; false where nothing closes it.
    fn pass_block(&mut self) -> bool {
        self.at += 3;
        while !self.rest().is_empty() {
            if self.rest().starts_with(b"\"\"\"") {
                self.at += 3;
                return true;
            }
            self.at += if self.rest().starts_with(b"\\\"\"\"") { 4 } else { 1 };
        }
        false
    }

    /// Passes over a number: `007` is three of them.
    fn pass_number(&mut self) {
        let is_negative = self.rest().starts_with(b"-");
        self.at += usize::from(is_negative);
        if self.rest().starts_with(b"0") {
            self.at += 1;
        } else if self.pass(|byte| byte.is_ascii_digit()) == 0 {
            return;
        }
        if matches!(self.rest(), [b'.', b'0'..=b'9', ..]) {
            self.at += 1;
            self.pass(|byte| byte.is_ascii_digit());
        }
        match self.rest() {
            [b'e' | b'E', b'0'..=b'9', ..] => self.at += 1,
            [b'e' | b'E', b'+' | b'-', b'0'..=b'9', ..] => self.at += 2,
            _ => return,
        }
        self.pass(|byte| byte.is_ascii_digit());
    }
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        loop {
            match *self.rest().first()? {
                b' ' | b'\t' | b'\n' | b'\r' | b',' => self.at += 1,
                0xEF if self.rest().starts_with("\u{FEFF}".as_bytes()) => self.at += 3,
                b'#' => drop(self.pass(|byte| !matches!(byte, b'\n' | b'\r'))),
                b'"' if self.rest().starts_with(b"\"\"\"") => {
                    return Some(if self.pass_block() { Token::Other } else { Token::Unclosed });
                }
                b'"' => {
                    self.pass_text();
                    return Some(Token::Other);
                }
                b'_' | b'a'..=b'z' | b'A'..=b'Z' => {
                    self.pass(|byte| byte == b'_' || byte.is_ascii_alphanumeric());
                    return Some(Token::Other);
                }
                b'-' | b'0'..=b'9' => {
                    self.pass_number();
                    return Some(Token::Other);
                }
                byte => {
                    self.at += if self.rest().starts_with(b"...") { 3 } else { 1 };
                    return Some(match byte {
                        b'(' | b'[' | b'{' => Token::Opening(byte),
                        b')' | b']' | b'}' => Token::Closing,
                        _ => Token::Other,
                    });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_is_cut_to_its_end() {
        let cut = |text| Tokens::new(text).collect::<Vec<_>>();
        for (text, n_tokens) in
            [("a,#b\n...-1.5e+3 é", 5), ("007", 3), ("-", 1), ("1e", 2), ("\u{FEFF}a\u{FEFF}b", 2), ("1.a", 3)]
        {
            assert_eq!(cut(text), vec![Token::Other; n_tokens], "{text}");
        }
        for text in ["\"", "\"\\", "\"\\\"{", "\"a\"", "\"\"", "\"\"\"\"\"\"", "\"\"\" \" {\\\"\"\" \"\"\""] {
            assert_eq!(cut(text), [Token::Other], "{text}");
        }
        assert_eq!(cut("\"a\nb"), [Token::Other, Token::Other]);
        for text in ["\"\"\"", "\"\"\"\\\"\"\"", "[\"\"\"x\"]"] {
            assert_eq!(cut(text).last(), Some(&Token::Unclosed), "{text}");
        }
        assert_eq!(cut("({\"{\"#{\n]"), [Token::Opening(b'('), Token::Opening(b'{'), Token::Other, Token::Closing]);
    }
}
