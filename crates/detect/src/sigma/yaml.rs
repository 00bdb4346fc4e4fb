//! YAML with positions: one document's text into a tree of nodes, within bounds.
//!
//! Aliases are copied, so an alias counts as much as what it stands for; that, and a limit on
//! depth, is what keeps a small file from becoming a large tree.

use std::collections::{HashMap, HashSet};

use saphyr_parser::{Event, Marker, Parser, ScalarStyle};

use super::diagnostic::Position;

/// The deepest nesting of a rule file.
pub(crate) const MAX_DEPTH: usize = 64;
/// The most nodes of one file, aliases counted as what they stand for, and what is merged into
/// other documents as often as that happens.
const MAX_NODES: usize = 600_000;

/// How many more nodes a file may have.
#[derive(Debug)]
pub(crate) struct Budget(usize);

impl Budget {
    pub(crate) fn new() -> Self {
        Self(MAX_NODES)
    }

    /// Pays for nodes that stand at, or are copied to, `at`.
    pub(crate) fn pay(&mut self, nodes: usize, at: Position) -> Result<(), YamlError> {
        match self.0.checked_sub(nodes) {
            Some(left) => {
                self.0 = left;
                Ok(())
            }
            None => {
                self.0 = 0;
                let message = format!("more than {MAX_NODES} values, aliases counted in full");
                Err(yaml_error(at, "too-large", message))
            }
        }
    }
}

/// A piece of YAML and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) at: Position,
    pub(crate) content: Content,
}

/// What a [`Node`] is.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    /// A scalar; `plain` when it was written without quotes and not as a block, so that it may
    /// be a number, a boolean or null.
    Scalar { text: String, plain: bool },
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, in the order of the file.
    Map(Vec<(Key, Node)>),
}

/// A key of a mapping and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) at: Position,
    pub(crate) text: String,
}

impl Node {
    /// The text of a scalar that is not null.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar { text, .. } if !self.is_null() => Some(text),
            _ => None,
        }
    }

    /// Whether this is YAML's null: nothing at all, `~` or `null`.
    pub(crate) fn is_null(&self) -> bool {
        matches!(&self.content, Content::Scalar { text, plain: true }
            if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// The value under `key`, when this is a mapping that has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        match &self.content {
            Content::Map(entries) => {
                entries.iter().find(|(name, _)| name.text == key).map(|(_, node)| node)
            }
            _ => None,
        }
    }

    /// What kind of thing this is, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.content {
            Content::Scalar { .. } if self.is_null() => "nothing",
            Content::Scalar { .. } => "a single value",
            Content::List(_) => "a list",
            Content::Map(_) => "a mapping",
        }
    }
}

/// Why a document is not YAML, or too much of it.
#[derive(Debug)]
pub(crate) struct YamlError {
    pub(crate) at: Position,
    pub(crate) message: String,
    /// A key that stands twice in one mapping is reported apart from broken syntax.
    pub(crate) code: &'static str,
}

/// An unfinished list or mapping.
struct Open {
    at: Position,
    anchor: usize,
    items: Vec<Node>,
    /// What there is more of in a mapping.
    map: Option<OpenMap>,
    /// Nodes inside, for the price of an alias.
    nodes: usize,
}

/// The finished entries, and the key that waits for its value.
#[derive(Default)]
struct OpenMap {
    entries: Vec<(Key, Node)>,
    waiting: Option<Key>,
    seen: HashSet<String>,
}

/// Reads the documents of `text`, whose first line is the file's line `first_line` (from 1).
pub(crate) fn parse(
    text: &str,
    first_line: u32,
    budget: &mut Budget,
) -> Result<Vec<Node>, YamlError> {
    let (open, anchors, done) = (Vec::new(), HashMap::new(), Vec::new());
    let parsed = Builder { first_line, open, anchors, budget, done }.run(text);
    parsed.map_err(|mut error| {
        // What is missing at the end is missed on the line after it, which nobody can look at.
        let lines = u32::try_from(text.lines().count()).unwrap_or(u32::MAX).max(1);
        let last = first_line.saturating_add(lines - 1);
        if error.at.line > last {
            let length = text.lines().next_back().map_or(0, |line| line.chars().count());
            let column = u32::try_from(length).unwrap_or(u32::MAX).saturating_add(1);
            error.at = Position { line: last, column };
        }
        error
    })
}

struct Builder<'b> {
    first_line: u32,
    open: Vec<Open>,
    anchors: HashMap<usize, (Node, usize)>,
    budget: &'b mut Budget,
    done: Vec<Node>,
}

impl Builder<'_> {
    fn run(mut self, text: &str) -> Result<Vec<Node>, YamlError> {
        let mut parser = Parser::new_from_str(text);
        while let Some(event) = parser.next_event() {
            let (event, span) = match event {
                Ok(event) => event,
                Err(error) => {
                    let at = self.position(*error.marker());
                    return Err(yaml_error(at, "yaml", error.info().to_lowercase()));
                }
            };
            let at = self.position(span.start);
            match event {
                Event::DocumentStart(_) => self.anchors.clear(),
                Event::Scalar(text, style, anchor, tag) => {
                    let untagged = tag.is_none();
                    let content = Content::Scalar {
                        text: text.into_owned(),
                        plain: style == ScalarStyle::Plain && untagged,
                    };
                    self.add(Node { at, content }, anchor, 1)?;
                }
                Event::Alias(anchor) => {
                    let Some((node, nodes)) = self.anchors.get(&anchor) else {
                        return Err(yaml_error(at, "yaml", "an alias of itself".to_owned()));
                    };
                    // Paid for before it is copied: the copy is what has to be bounded.
                    self.budget.pay(*nodes, at)?;
                    let (node, nodes) = (Node { at, ..node.clone() }, *nodes);
                    if self.open.len() + depth(&node) > MAX_DEPTH {
                        return Err(too_deep(at));
                    }
                    self.place(node, nodes)?;
                }
                Event::SequenceStart(anchor, _) => self.start(at, anchor, None)?,
                Event::MappingStart(anchor, _) => {
                    self.start(at, anchor, Some(OpenMap::default()))?;
                }
                Event::SequenceEnd | Event::MappingEnd => self.finish()?,
                Event::StreamStart | Event::StreamEnd | Event::DocumentEnd | Event::Nothing => {}
            }
        }
        Ok(self.done)
    }

    fn position(&self, marker: Marker) -> Position {
        let line = u32::try_from(marker.line()).unwrap_or(u32::MAX);
        let column = u32::try_from(marker.col()).unwrap_or(u32::MAX);
        Position {
            line: self.first_line.saturating_add(line.max(1) - 1),
            column: column.saturating_add(1),
        }
    }

    fn start(
        &mut self,
        at: Position,
        anchor: usize,
        map: Option<OpenMap>,
    ) -> Result<(), YamlError> {
        if self.open.len() >= MAX_DEPTH {
            return Err(too_deep(at));
        }
        self.open.push(Open { at, anchor, items: Vec::new(), map, nodes: 1 });
        Ok(())
    }

    fn finish(&mut self) -> Result<(), YamlError> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        let content = match open.map {
            Some(map) => Content::Map(map.entries),
            None => Content::List(open.items),
        };
        self.add(Node { at: open.at, content }, open.anchor, open.nodes)
    }

    fn add(&mut self, node: Node, anchor: usize, nodes: usize) -> Result<(), YamlError> {
        self.budget.pay(1, node.at)?;
        if anchor != 0 {
            self.budget.pay(nodes, node.at)?;
            self.anchors.insert(anchor, (node.clone(), nodes));
        }
        self.place(node, nodes)
    }

    /// Puts a finished node where it belongs.
    fn place(&mut self, node: Node, nodes: usize) -> Result<(), YamlError> {
        let at = node.at;
        let Some(parent) = self.open.last_mut() else {
            self.done.push(node);
            return Ok(());
        };
        parent.nodes = parent.nodes.saturating_add(nodes);
        let Some(OpenMap { entries, waiting, seen }) = &mut parent.map else {
            parent.items.push(node);
            return Ok(());
        };
        match waiting.take() {
            Some(key) => entries.push((key, node)),
            None => {
                let Content::Scalar { text, .. } = node.content else {
                    let message = "a key that is not a single word".to_owned();
                    return Err(yaml_error(at, "yaml", message));
                };
                if !seen.insert(text.clone()) {
                    let message = format!("'{text}' stands twice in the same mapping");
                    return Err(yaml_error(at, "duplicate-key", message));
                }
                *waiting = Some(Key { at, text });
            }
        }
        Ok(())
    }
}

fn depth(node: &Node) -> usize {
    match &node.content {
        Content::Scalar { .. } => 0,
        Content::List(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Content::Map(entries) => 1 + entries.iter().map(|(_, node)| depth(node)).max().unwrap_or(0),
    }
}

fn yaml_error(at: Position, code: &'static str, message: String) -> YamlError {
    YamlError { at, message, code }
}

fn too_deep(at: Position) -> YamlError {
    yaml_error(at, "too-deep", format!("nested deeper than {MAX_DEPTH} levels"))
}

/// How many nodes there are in this one, itself included.
pub(crate) fn size(node: &Node) -> usize {
    match &node.content {
        Content::Scalar { .. } => 1,
        Content::List(items) => 1 + items.iter().map(size).sum::<usize>(),
        Content::Map(entries) => 1 + entries.iter().map(|(_, node)| 1 + size(node)).sum::<usize>(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_from_one() {
        let documents = parse("a: 1\nb:\n  - x\n  - 'y'\n", 10, &mut Budget::new()).unwrap();
        let [root] = documents.as_slice() else { panic!("one document") };
        let Content::List(items) = &root.get("b").unwrap().content else { panic!("a list") };
        assert_eq!(items[0].at, Position { line: 12, column: 5 });
        assert_eq!(items[1].at, Position { line: 13, column: 5 });
    }

    #[test]
    fn bounds_hold() {
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..20 {
            let below = level - 1;
            let list = vec![format!("*a{below}"); 10].join(", ");
            bomb.push_str(&format!("a{level}: &a{level} [{list}]\n"));
        }
        let cases = [
            (bomb, "too-large"),
            ("[".repeat(100) + &"]".repeat(100), "too-deep"),
            ("a: &a [*a]".to_owned(), "yaml"),
            ("a: 1\na: 2".to_owned(), "duplicate-key"),
            ("a: [".to_owned(), "yaml"),
        ];
        for (text, code) in cases {
            assert_eq!(parse(&text, 1, &mut Budget::new()).unwrap_err().code, code, "{text:.40}");
        }
    }
}
