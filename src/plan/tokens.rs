//! The tokens of a document, as the GraphQL specification cuts a text. What is no token is passed over.

/// A token; what a number or a text says is of no interest here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'q> {
    /// A name.
    Name(&'q str),
    /// One of `! $ & ( ) : = @ [ ] { | }`, or a byte that means nothing.
    Punctuator(u8),
    /// `...`
    Spread,
    /// A number or a text.
    Value,
}

/// Cuts a text into tokens.
#[derive(Debug)]
pub(super) struct Tokens<'q> {
    text: &'q str,
    at: usize,
}

impl<'q> Tokens<'q> {
    /// Begins a text.
    pub fn new(text: &'q str) -> Self {
        Self { text, at: 0 }
    }

    /// Passes over the bytes from here that are so, and returns where they end.
    fn pass(&mut self, is: impl Fn(u8) -> bool) -> usize {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += rest.iter().position(|byte| !is(*byte)).unwrap_or(rest.len());
        self.at
    }

    /// Passes over a text from its opening quotes to its closing ones, or to the end of what it can be.
    fn pass_text(&mut self) {
        let bytes = self.text.as_bytes();
        let is_block = bytes[self.at..].starts_with(b"\"\"\"");
        self.at += if is_block { 3 } else { 1 };
        while let Some(byte) = bytes.get(self.at) {
            match byte {
                b'\\' if is_block => self.at += if bytes[self.at..].starts_with(b"\\\"\"\"") { 4 } else { 1 },
                b'\\' => self.at += 2,
                b'"' if is_block && !bytes[self.at..].starts_with(b"\"\"\"") => self.at += 1,
                b'"' => {
                    self.at += if is_block { 3 } else { 1 };
                    break;
                }
                b'\n' | b'\r' if !is_block => break,
                _ => self.at += 1,
            }
        }
        self.at = self.at.min(bytes.len());
    }
}

impl<'q> Iterator for Tokens<'q> {
    type Item = Token<'q>;

    fn next(&mut self) -> Option<Token<'q>> {
        let bytes = self.text.as_bytes();
        loop {
            let start = self.at;
            match *bytes.get(start)? {
                b' ' | b'\t' | b'\n' | b'\r' | b',' => self.at += 1,
                b'#' => drop(self.pass(|byte| !matches!(byte, b'\n' | b'\r'))),
                b'"' => {
                    self.pass_text();
                    return Some(Token::Value);
                }
                b'_' | b'a'..=b'z' | b'A'..=b'Z' => {
                    let end = self.pass(|byte| byte == b'_' || byte.is_ascii_alphanumeric());
                    return Some(Token::Name(&self.text[start..end]));
                }
                b'-' | b'0'..=b'9' => {
                    self.pass(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.'));
                    return Some(Token::Value);
                }
                b'.' if bytes[start..].starts_with(b"...") => {
                    self.at += 3;
                    return Some(Token::Spread);
                }
                byte => {
                    self.at += 1;
                    return Some(Token::Punctuator(byte));
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
        assert_eq!(cut("a,#b\n...-1.5e+3 é"), {
            let accent = "é".bytes().map(Token::Punctuator);
            [Token::Name("a"), Token::Spread, Token::Value].into_iter().chain(accent).collect::<Vec<_>>()
        });
        for text in ["\"", "\"\\", "\"\"\"", "\"\"\"\\\"\"\"", "\"a\"", "\"\"", "\"\"\"\"\"\"", "\"\"\" \" \"\"\""] {
            assert_eq!(cut(text), [Token::Value], "{text}");
        }
        assert_eq!(cut("\"a\nb"), [Token::Value, Token::Name("b")]);
    }
}
