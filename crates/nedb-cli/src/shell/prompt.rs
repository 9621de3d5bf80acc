//! What stands before the input: the database, and the moment where it is not now.

use std::borrow::Cow;

use nedb::AsOf;
use reedline::{Prompt, PromptEditMode, PromptHistorySearch, PromptHistorySearchStatus};

/// The prompt of one input.
pub struct MomentPrompt {
    text: String,
}

impl MomentPrompt {
    /// Names a database and a moment.
    pub fn new(name: &str, moment: AsOf) -> Self {
        let text = match moment {
            AsOf::Head => name.to_owned(),
            AsOf::Empty => format!("{name}@-1"),
            AsOf::Seq(seq) => format!("{name}@{seq}"),
            AsOf::Time(at) => format!("{name}@{at}"),
        };
        Self { text }
    }
}

impl Prompt for MomentPrompt {
    fn render_prompt_left(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.text)
    }

    fn render_prompt_right(&self) -> Cow<'_, str> {
        Cow::Borrowed("")
    }

    fn render_prompt_indicator(&self, _mode: PromptEditMode) -> Cow<'_, str> {
        Cow::Borrowed("> ")
    }

    fn render_prompt_multiline_indicator(&self) -> Cow<'_, str> {
        let width = self.text.chars().count().max(3);
        Cow::Owned(format!("{:>width$}> ", "..."))
    }

    fn render_prompt_history_search_indicator(&self, search: PromptHistorySearch) -> Cow<'_, str> {
        let word = match search.status {
            PromptHistorySearchStatus::Passing => "search",
            PromptHistorySearchStatus::Failing => "not found",
        };
        Cow::Owned(format!(" ({word}: {}) ", search.term))
    }
}

#[cfg(test)]
mod tests {
    use nedb::Seq;

    use super::*;

    #[test]
    fn the_prompt_names_a_moment_that_is_not_now() {
        assert_eq!(MomentPrompt::new("shop", AsOf::Head).text, "shop");
        assert_eq!(MomentPrompt::new("shop", AsOf::Seq(Seq::new(7))).text, "shop@7");
        assert_eq!(MomentPrompt::new("shop", AsOf::Head).render_prompt_multiline_indicator(), " ...> ");
    }
}
