//! `threat.*` fields.

/// x
pub(crate) fn threat_json(_tags: &[String]) -> String {
    String::new()
}
