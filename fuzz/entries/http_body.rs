//! Reading any bytes as the body of a POST: never a panic; what is read has a query, and what is refused says why.

use freehold::http::read_question;

/// Reads the bytes as a body.
pub fn run(bytes: &[u8]) {
    match read_question(bytes) {
        Ok(request) => {
            let body: serde_json::Value = serde_json::from_slice(bytes).expect("what is read is JSON");
            assert_eq!(body["query"], request.query.as_str());
            assert!(request.operation_name.is_none_or(|name| !name.is_empty()));
        }
        Err(refusal) => assert!(!refusal.is_empty()),
    }
}
