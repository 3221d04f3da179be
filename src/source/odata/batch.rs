//! Batches: many questions in one call. JSON in version 4, `multipart/mixed` in version 2. Pure.
//!
//! In: the questions' paths below the service. Out: the body to post; and of its answer, one answer per question, in the
//! order asked. Never panics, whatever the bytes are.

use bytes::Bytes;
use serde_json::{Value, json};

use super::decode::Answered;
use crate::{contract::OdataVersion, source::http::quoted};

/// How many questions one batch holds: Business Central takes 100, others more.
pub const QUESTIONS_MAX: usize = 100;

/// Separates the questions of version 2. They are encoded addresses, in which it cannot appear.
const BOUNDARY: &str = "freehold_batch";

/// Writes a batch.
pub fn written(version: OdataVersion, paths: &[&str], headers: &[(String, String)]) -> (&'static str, Bytes) {
    match version {
        OdataVersion::V4 => {
            let headers: Value =
                headers.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
            let requests = paths
                .iter()
                .enumerate()
                .map(|(n, path)| json!({"id": n.to_string(), "method": "GET", "url": path, "headers": headers}));
            let body = json!({ "requests": requests.collect::<Vec<_>>() });
            ("application/json", body.to_string().into())
        }
        OdataVersion::V2 => {
            let mut body = String::new();
            let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
            for path in paths {
                body.push_str(&format!(
                    "--{BOUNDARY}\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n\
                     GET {path} HTTP/1.1\r\n{headers}\r\n\r\n"
                ));
            }
            body.push_str(&format!("--{BOUNDARY}--\r\n"));
            ("multipart/mixed; boundary=freehold_batch", body.into())
        }
    }
}

/// Reads the answer to a batch of so many questions; `None` for each that has none.
///
/// *Errors*: the answer is no batch.
pub fn read(n_questions: usize, media_type: Option<&str>, body: &[u8]) -> Result<Vec<Option<Answered>>, String> {
    let media_type = media_type.unwrap_or_default();
    if media_type.trim_start().to_ascii_lowercase().starts_with("multipart/") {
        let boundary = boundary(media_type).ok_or_else(|| format!("a batch without a boundary: {media_type}"))?;
        let mut answers: Vec<_> = parts(body, boundary).into_iter().map(Some).collect();
        answers.resize_with(n_questions, || None);
        return Ok(answers);
    }
    let read: Value =
        serde_json::from_slice(body).map_err(|error| format!("the batch is not JSON: {error}: {}", quoted(body)))?;
    let Some(Value::Array(responses)) = read.get("responses") else {
        return Err(format!("the answer is no batch: {}", quoted(body)));
    };
    let mut answers: Vec<Option<Answered>> = Vec::new();
    answers.resize_with(n_questions, || None);
    for response in responses {
        let number = match response.get("id") {
            Some(Value::String(id)) => id.parse::<usize>().ok(),
            Some(Value::Number(id)) => id.to_string().parse().ok(),
            _ => None,
        };
        let status = response.get("status").and_then(|status| status.to_string().trim_matches('"').parse().ok());
        let (Some(place), Some(status)) = (number.and_then(|number| answers.get_mut(number)), status) else { continue };
        let body = match response.get("body") {
            Some(Value::String(text)) => serde_json::from_str(text).map_err(|_| quoted(text.as_bytes())),
            Some(body) => Ok(body.clone()),
            None => Ok(Value::Null),
        };
        let headers = response.get("headers").and_then(Value::as_object);
        let headers = headers.into_iter().flatten().filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)));
        *place = Some(Answered::with_headers(status, headers, body));
    }
    Ok(answers)
}

/// Returns what separates the parts, as the media type says.
fn boundary(media_type: &str) -> Option<&str> {
    let named = media_type.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then_some(value.trim().trim_matches('"'))
    });
    named.filter(|boundary| !boundary.is_empty())
}

/// Reads the parts of a multipart body, each an HTTP answer.
fn parts(body: &[u8], boundary: &str) -> Vec<Answered> {
    let text = String::from_utf8_lossy(body);
    let separator = format!("--{boundary}");
    // A line of its own: the same characters inside an answer do not separate.
    let mut pieces: Vec<String> = vec![String::new()];
    for line in text.split_inclusive('\n') {
        let bare = line.trim_end();
        if bare == separator || bare == format!("{separator}--") {
            pieces.push(String::new());
        } else if let Some(piece) = pieces.last_mut() {
            piece.push_str(line);
        }
    }
    pieces.iter().skip(1).filter_map(|piece| part(piece)).collect()
}

/// Reads one part: its own headers, the status line, the answer's headers and its body.
fn part(text: &str) -> Option<Answered> {
    let at = text.find("HTTP/")?;
    let answer = &text[at..];
    let (head, body) = (answer.split_once("\r\n\r\n")).or_else(|| answer.split_once("\n\n")).unwrap_or((answer, ""));
    let mut lines = head.lines();
    let status = lines.next()?.split_whitespace().nth(1)?.parse().ok()?;
    let headers = lines.filter_map(|line| line.split_once(':')).map(|(name, value)| (name.trim(), value.trim()));
    let body = match body.trim() {
        "" => Ok(Value::Null),
        body => serde_json::from_str(body).map_err(|_| quoted(body.as_bytes())),
    };
    Some(Answered::with_headers(status, headers, body))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_batch_of_version_4_is_json_and_its_answers_come_in_any_order() {
        let headers = [("Accept".to_owned(), "application/json".to_owned())];
        let (media_type, body) = written(OdataVersion::V4, &["Items?$top=1", "Items?$top=2"], &headers);
        assert_eq!(media_type, "application/json");
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(
            body["requests"][1],
            json!({"id": "1", "method": "GET", "url": "Items?$top=2", "headers": {"Accept": "application/json"}})
        );
        let answer = json!({"responses": [
            {"id": "1", "status": 429, "headers": {"Retry-After": "7"}, "body": {"error": {"code": "429", "message": "slower"}}},
            {"id": "0", "status": 200, "body": {"value": []}},
        ]});
        let read = read(3, Some("application/json"), answer.to_string().as_bytes()).unwrap();
        assert_eq!(read[0].as_ref().map(|one| one.status), Some(200));
        assert_eq!(read[1].as_ref().and_then(|one| one.retry_after), Some(Duration::from_secs(7)));
        assert!(read[2].is_none());
    }

    #[test]
    fn a_batch_of_version_2_is_multipart() {
        let (media_type, body) =
            written(OdataVersion::V2, &["Items?$top=1"], &[("Accept".to_owned(), "application/json".to_owned())]);
        assert_eq!(boundary(media_type), Some(BOUNDARY));
        assert_eq!(
            body,
            "--freehold_batch\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n\
             GET Items?$top=1 HTTP/1.1\r\nAccept: application/json\r\n\r\n\r\n--freehold_batch--\r\n"
        );
        let answer = "--b1\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n\
             {\"d\":{\"results\":[{\"T\":\"--b1\"}]}}\r\n--b1\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 500 Broken\r\n\r\n<xml/>\r\n--b1--\r\n";
        let read = read(2, Some("multipart/mixed; charset=utf-8; boundary=\"b1\""), answer.as_bytes()).unwrap();
        let statuses: Vec<u16> = read.iter().flatten().map(|one| one.status).collect();
        assert_eq!(statuses, [200, 500]);
        assert_eq!(read[0].clone().unwrap().body().unwrap().rows, [json!({"T": "--b1"})]);
        assert_eq!(read[1].clone().unwrap().body, Err("<xml/>".to_owned()));
    }

    proptest! {
        #[test]
        fn any_bytes_can_be_read(text in "(--b|HTTP/|200 |: |\r\n|\\PC){0,40}", json in any::<bool>()) {
            let media_type = if json { "application/json" } else { "multipart/mixed; boundary=b" };
            if let Ok(answers) = read(3, Some(media_type), text.as_bytes()) {
                prop_assert_eq!(answers.len(), 3);
            }
        }
    }
}
