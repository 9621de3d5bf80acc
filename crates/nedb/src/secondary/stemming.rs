//! The languages by whose rules words are cut to their stems.

use std::{fmt, str::FromStr};

use nedb_types::{Error, ErrorCode, Result};
use rust_stemmers::{Algorithm, Stemmer};

macro_rules! languages {
    ($($variant:ident $name:literal,)+) => {
        /// A language whose Snowball rules take endings off words, so that a search for `index` finds `indexes`.
        ///
        /// ```
        /// use nedb::Stemming;
        ///
        /// assert_eq!("english".parse::<Stemming>()?, Stemming::English);
        /// assert!("klingon".parse::<Stemming>().is_err());
        /// # Ok::<(), nedb::Error>(())
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Stemming {
            $(#[doc = concat!("`", $name, "`")] $variant,)+
        }

        impl Stemming {
            /// Every language, by name.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name, which is also the stored form.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            const fn algorithm(self) -> Algorithm {
                match self {
                    $(Self::$variant => Algorithm::$variant,)+
                }
            }
        }
    };
}

languages! {
    Arabic "arabic",
    Danish "danish",
    Dutch "dutch",
    English "english",
    Finnish "finnish",
    French "french",
    German "german",
    Greek "greek",
    Hungarian "hungarian",
    Italian "italian",
    Norwegian "norwegian",
    Portuguese "portuguese",
    Romanian "romanian",
    Russian "russian",
    Spanish "spanish",
    Swedish "swedish",
    Tamil "tamil",
    Turkish "turkish",
}

impl Stemming {
    /// The stem of a lower-cased word; a word of which nothing would be left is its own stem.
    pub(crate) fn stem(self, word: &str) -> String {
        let stem = Stemmer::create(self.algorithm()).stem(word);
        if stem.is_empty() { word.to_owned() } else { stem.into_owned() }
    }
}

impl FromStr for Stemming {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.iter().copied().find(|language| language.as_str() == text).ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|language| language.as_str()).collect();
            let message = format!("{text:?} is no language for stemming: {}", names.join(", "));
            Error::new(ErrorCode::InvalidArgument, message)
        })
    }
}

impl fmt::Display for Stemming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_rules_and_leaves_something_of_a_word() {
        for language in Stemming::ALL {
            assert!(!language.stem("x").is_empty());
        }
        assert_eq!(Stemming::English.stem("indexes"), Stemming::English.stem("index"));
        assert_eq!(Stemming::German.stem("häuser"), Stemming::German.stem("haus"));
    }

    #[test]
    fn no_word_is_too_strange_for_a_stemmer() {
        let letters: Vec<char> = "abeimnostuy'’äßéøşığ\u{301}яйщθςϊעشةيتهாக்கல்ണ日".chars().collect();
        let mut state = 1_u64;
        for language in Stemming::ALL {
            for length in 0..4_000 {
                let word: String = (0..length % 14)
                    .filter_map(|_| {
                        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                        letters.get(usize::try_from(state >> 33).ok()? % letters.len())
                    })
                    .collect();
                assert!(word.is_empty() || !language.stem(&word).is_empty());
            }
        }
    }
}
