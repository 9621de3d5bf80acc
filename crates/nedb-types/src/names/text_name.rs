//! The rules that all names of text share.

use crate::{Error, ErrorCode, Result};

/// Says what one kind of name allows.
pub(super) struct NameRule {
    /// What is named, for messages.
    pub(super) what: &'static str,
    /// The longest name in bytes.
    pub(super) bytes_max: usize,
    /// The name of the constant that holds this limit.
    pub(super) limit: &'static str,
    /// The code when the limit is exceeded.
    pub(super) too_long: ErrorCode,
}

impl NameRule {
    /// Checks that a name is neither empty nor too long and has no control characters (U+0000 to U+001F, U+007F).
    pub(super) fn check(&self, name: &str) -> Result<()> {
        let what = self.what;
        if name.is_empty() {
            return Err(Error::new(ErrorCode::InvalidName, format!("{what} is empty")));
        }
        if name.len() > self.bytes_max {
            let (max, actual) = (self.bytes_max as u64, name.len() as u64);
            return Err(Error::over_limit(self.too_long, &format!("length of the {what}"), self.limit, max, actual));
        }
        if name.bytes().any(|byte| byte.is_ascii_control()) {
            return Err(Error::new(ErrorCode::InvalidName, format!("{what} {name:?} has a control character")));
        }
        Ok(())
    }
}

/// Writes the type of one kind of name: shared text, cheap to clone, checked when made.
macro_rules! text_name {
    ($(#[$doc:meta])+ $name:ident, $check:expr) => {
        $(#[$doc])+
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(std::sync::Arc<str>);

        impl $name {
            /// Checks a name and makes it cheap to clone.
            pub fn new(name: &str) -> crate::Result<Self> {
                $check(name)?;
                Ok(Self(name.into()))
            }

            /// Checks a name as `new` does, without making one of it.
            pub fn check(name: &str) -> crate::Result<()> {
                $check(name)
            }

            /// Returns the text.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Returns the bytes of the text.
            pub fn as_bytes(&self) -> &[u8] {
                self.0.as_bytes()
            }
        }

        impl std::str::FromStr for $name {
            type Err = crate::Error;

            fn from_str(text: &str) -> crate::Result<Self> {
                Self::new(text)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&self.0)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({:?})", stringify!($name), self.as_str())
            }
        }
    };
}
pub(super) use text_name;
