//! The samples of a page in the text format of Prometheus.

use std::collections::BTreeMap;

/// One figure of a page: its labels, and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    pub labels: BTreeMap<String, String>,
    pub value: f64,
}

/// The figures of a page by their names.
#[derive(Clone, Debug, Default)]
pub struct Samples {
    by_name: BTreeMap<String, Vec<Sample>>,
}

impl Samples {
    /// Reads a page; lines that are no figures are passed over.
    pub fn read(page: &str) -> Self {
        let mut samples = Self::default();
        for line in page.lines().filter(|line| !line.starts_with('#')) {
            if let Some((name, sample)) = read_line(line) {
                samples.by_name.entry(name.to_owned()).or_default().push(sample);
            }
        }
        samples
    }

    /// All figures of a name.
    pub fn of(&self, name: &str) -> &[Sample] {
        self.by_name.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// The sum of the figures of a name that have this label, or of all.
    pub fn sum(&self, name: &str, label: Option<(&str, &str)>) -> f64 {
        let is_meant = |sample: &&Sample| {
            label.is_none_or(|(label, value)| sample.labels.get(label).is_some_and(|found| found == value))
        };
        self.of(name).iter().filter(is_meant).map(|sample| sample.value).sum()
    }
}

fn read_line(line: &str) -> Option<(&str, Sample)> {
    let (head, value) = line.rsplit_once(' ')?;
    let value = value.parse().ok()?;
    let Some((name, labels)) = head.split_once('{') else {
        return Some((head, Sample { labels: BTreeMap::new(), value }));
    };
    Some((name, Sample { labels: read_labels(labels.strip_suffix('}')?)?, value }))
}

/// `a="b",c="d"`, where `\` stands before a quote, a backslash, and the n of a line end.
fn read_labels(text: &str) -> Option<BTreeMap<String, String>> {
    let (mut labels, mut rest) = (BTreeMap::new(), text);
    while !rest.is_empty() {
        let (name, quoted) = rest.split_once("=\"")?;
        let (mut value, mut signs) = (String::new(), quoted.char_indices());
        let end = loop {
            match signs.next()? {
                (position, '"') => break position,
                (_, '\\') => value.push(match signs.next()?.1 {
                    'n' => '\n',
                    sign => sign,
                }),
                (_, sign) => value.push(sign),
            }
        };
        labels.insert(name.to_owned(), value);
        let behind = quoted.get(end + 1..)?;
        rest = behind.strip_prefix(',').unwrap_or(behind);
    }
    Some(labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_read_name_by_name() {
        let page = "# HELP a What.\na 1\nb{x=\"1\",y=\"q\\\"\\\\\\n,}\"} 2.5\nb{x=\"2\"} 3\nnonsense\nc{x=} 1\n";
        let samples = Samples::read(page);
        assert_eq!(samples.of("b")[0].labels["y"], "q\"\\\n,}");
        assert_eq!(
            (samples.sum("a", None), samples.sum("b", None), samples.sum("b", Some(("x", "2")))),
            (1.0, 5.5, 3.0)
        );
        assert!(samples.of("c").is_empty());
    }
}
