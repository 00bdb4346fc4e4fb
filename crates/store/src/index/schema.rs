//! How a record is indexed: the fields of Tantivy, from the field table.

use std::sync::LazyLock;

use ecs::{FIELDS, FieldId, Kind};
use tantivy::schema::{
    DateOptions, DateTimePrecision, FAST, Field, IndexRecordOption, IpAddrOptions, STORED,
    Schema as TantivySchema, TextFieldIndexing, TextOptions,
};
use tantivy::tokenizer::{
    LowerCaser, RawTokenizer, RemoveLongFilter, SimpleTokenizer, TextAnalyzer, TokenizerManager,
};

/// The name of the tokenizer of keywords: the whole value, in lower case.
pub const TOKENIZER: &str = "keyword";
/// The name of the tokenizer of words.
pub(crate) const WORDS: &str = "words";

/// The longest keyword that is indexed, in bytes. What is longer is in the event's text only.
pub(crate) const LONGEST_KEYWORD: usize = 8 * 1024;

/// The fields of a day's index.
///
/// Every keyword has a fast field with its values as they came. Those by which single events are
/// looked for ([`Schema::has_terms`]) have an inverted index, too, in lower case; the others are
/// found through the dictionary of the fast field: an inverted index of each cost a fifth of the
/// time that a backlog takes. `event.id` and `okta.system.debug_context.*` have no fields of their
/// own: they are found in `_id` and `_debug`.
#[derive(Debug)]
pub struct Schema {
    /// The whole.
    pub tantivy: TantivySchema,
    /// The number of the event in the store, ascending: a fast u64.
    pub seq: Field,
    /// Which row of the table of origins the event came from: a fast u64.
    pub origin: Field,
    /// What identifies the event, in lower case: its `uuid`, or what is made from its text. Terms
    /// only.
    pub id: Field,
    /// The event as Okta wrote it: stored, not indexed.
    pub source: Field,
    /// Whether its text has been repaired: stored, and only when it has.
    pub repaired: Field,
    /// Words of the names of actors and targets, in lower case, with positions.
    pub text: Field,
    /// The leaves of debugData: a term `name NUL value` each, the name dotted and in ECS's
    /// spelling without `okta.system.debug_context.`, in lower case.
    pub debug: Field,
    /// `source.geo.location`: fast f64s.
    pub latitude: Field,
    /// `source.geo.location`: fast f64s.
    pub longitude: Field,
    /// By [`FieldId`]: the field of a row of the field table, for those that have one.
    rows: Vec<Option<Field>>,
}

/// The keywords and addresses with an inverted index: they have many different values, and a few events of each.
const WITH_TERMS: [FieldId; 17] = [
    FieldId::SourceIp,
    FieldId::SourceUserId,
    FieldId::UserId,
    FieldId::UserName,
    FieldId::UserTargetId,
    FieldId::UserTargetName,
    FieldId::ActorId,
    FieldId::ActorAlternateId,
    FieldId::TransactionId,
    FieldId::RequestApiTokenId,
    FieldId::ExternalSessionId,
    FieldId::RootSessionId,
    FieldId::DeviceId,
    FieldId::TargetId,
    FieldId::TargetAlternateId,
    FieldId::RelatedIp,
    FieldId::RelatedUser,
];

/// The row in whose place a row is indexed: the one that always has the same values.
#[must_use]
pub(crate) fn indexed_as(id: FieldId) -> FieldId {
    match id {
        FieldId::UserEmail => FieldId::UserName,
        FieldId::UserTargetEmail => FieldId::UserTargetName,
        other => other,
    }
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(Schema::new);

impl Schema {
    /// The schema.
    #[must_use]
    pub fn get() -> &'static Self {
        &SCHEMA
    }

    /// Whether a keyword or an address has an inverted index.
    #[must_use]
    pub fn has_terms(&self, id: FieldId) -> bool {
        WITH_TERMS.contains(&id)
    }

    /// The field of a row of the field table, if it has one of its own.
    #[must_use]
    pub fn row(&self, id: FieldId) -> Option<Field> {
        self.rows.get(id as usize).copied().flatten()
    }

    fn new() -> Self {
        let mut builder = TantivySchema::builder();
        let terms = |tokenizer: &str, record| {
            TextFieldIndexing::default()
                .set_tokenizer(tokenizer)
                .set_index_option(record)
                .set_fieldnorms(false)
        };
        let only_terms =
            TextOptions::default().set_indexing_options(terms(TOKENIZER, IndexRecordOption::Basic));
        let words = TextOptions::default()
            .set_indexing_options(terms(WORDS, IndexRecordOption::WithFreqsAndPositions));
        let keyword = TextOptions::default().set_fast("raw");
        let keyword_with_terms = only_terms.clone().set_fast("raw");
        let date = DateOptions::from(FAST).set_precision(DateTimePrecision::Milliseconds);
        let seq = builder.add_u64_field("_seq", FAST);
        let origin = builder.add_u64_field("_origin", FAST);
        let id = builder.add_text_field("_id", only_terms.clone());
        let source = builder.add_text_field("_source", STORED);
        let repaired = builder.add_bool_field("_repaired", STORED);
        let text = builder.add_text_field("_text", words);
        let debug = builder.add_text_field("_debug", only_terms);
        let latitude = builder.add_f64_field("_latitude", FAST);
        let longitude = builder.add_f64_field("_longitude", FAST);
        let rows = FIELDS.iter().map(|row| {
            if row.id == FieldId::EventId || indexed_as(row.id) != row.id {
                return None;
            }
            match row.kind {
                Kind::Keyword if WITH_TERMS.contains(&row.id) => {
                    Some(builder.add_text_field(row.name, keyword_with_terms.clone()))
                }
                Kind::Keyword => Some(builder.add_text_field(row.name, keyword.clone())),
                Kind::Date => Some(builder.add_date_field(row.name, date.clone())),
                Kind::Long => Some(builder.add_i64_field(row.name, FAST)),
                Kind::Boolean => Some(builder.add_bool_field(row.name, FAST)),
                Kind::Ip => {
                    let options = IpAddrOptions::from(FAST);
                    let with_terms = WITH_TERMS.contains(&row.id);
                    let options = if with_terms { options.set_indexed() } else { options };
                    Some(builder.add_ip_addr_field(row.name, options))
                }
                Kind::GeoPoint | Kind::Object | Kind::Unknown => None,
            }
        });
        let rows = rows.collect();
        let tantivy = builder.build();
        Self { tantivy, seq, origin, id, source, repaired, text, debug, latitude, longitude, rows }
    }
}

/// The tokenizers that the schema names.
#[must_use]
pub fn tokenizers() -> TokenizerManager {
    let manager = TokenizerManager::default();
    let keyword = TextAnalyzer::builder(RawTokenizer::default()).filter(LowerCaser).build();
    manager.register(TOKENIZER, keyword);
    let words = TextAnalyzer::builder(SimpleTokenizer::default())
        .filter(RemoveLongFilter::limit(255))
        .filter(LowerCaser)
        .build();
    manager.register(WORDS, words);
    manager
}

/// A keyword as it stands in the inverted index.
#[must_use]
pub fn lower_cased(value: &str) -> String {
    let mut lower = String::new();
    lower_case_into(value, &mut lower);
    lower
}

/// Puts a keyword as it stands in the inverted index in the place of what is in `lower`.
pub(crate) fn lower_case_into(value: &str, lower: &mut String) {
    lower.clear();
    if value.is_ascii() {
        lower.push_str(value);
        lower.make_ascii_lowercase();
    } else {
        lower.extend(value.chars().flat_map(char::to_lowercase));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_in_the_index_as_we_think() {
        let mut analyzer = tokenizers().get(TOKENIZER).unwrap();
        for value in ["Ada@Example.ORG", "ΣΑΣ ÄÖ", "İ", "", "a\0B", "Two Words"] {
            let mut terms = Vec::new();
            analyzer.token_stream(value).process(&mut |token| terms.push(token.text.clone()));
            assert_eq!(terms, [lower_cased(value)]);
        }
    }
}
