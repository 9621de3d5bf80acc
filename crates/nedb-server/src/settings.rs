//! What can be set, in one table: the command line, the environment, the TOML file and the documentation follow from it.
//!
//! A flag counts before the environment, that before the file, that before the default. Promises: what is not known is refused by
//! name, wherever it stands. Leaves to others: what the settings do.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{Arg, ArgMatches, Command};
use nedb::{CheckpointPolicy, Durability, Error, ErrorCode, MemoryPool, Options, QueryOptions, Result};
use nedb_compat::redis::{NoticeFlags, ScriptBounds};
use nedb_io::{Access, Disk as _, Io, RealDisk};
use tracing::level_filters::LevelFilter;

use crate::tls::{Tls, TlsFiles};
use crate::tokens::Tokens;
use crate::traces::{Target, standard_value};

/// One thing that can be set.
///
/// ```
/// let port = nedb_server::SETTINGS.iter().find(|setting| setting.name == "port").expect("there is one");
/// assert_eq!((port.environment, port.default), ("NEDBD_PORT", "7070"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The flag without its dashes; with `_` for `-` the key in the file.
    pub name: &'static str,
    /// The variable of the environment.
    pub environment: &'static str,
    /// What the value is, for the help.
    pub value: &'static str,
    /// What counts when nothing is said; nothing when that is empty.
    pub default: &'static str,
    /// What it does, in one sentence.
    pub help: &'static str,
}

const fn row(
    name: &'static str,
    environment: &'static str,
    value: &'static str,
    default: &'static str,
    help: &'static str,
) -> Setting {
    Setting { name, environment, value, default, help }
}

/// Everything that can be set.
#[rustfmt::skip]
pub const SETTINGS: &[Setting] = &[
    row("config", "NEDBD_CONFIG", "FILE", "", "Reads settings from a TOML file, whose keys are the flags with _ for -"),
    row("host", "NEDBD_HOST", "ADDRESS", "127.0.0.1", "Listens on this address; beyond loopback only with a token and TLS, or with --insecure-bind"),
    row("port", "NEDBD_PORT", "PORT", "7070", "Serves HTTP on this port; 0 takes a free one"),
    row("resp2-port", "NEDBD_RESP2_PORT", "PORT", "6380", "Serves the Redis protocol, versions 2 and 3, on this port; 0 takes a free one, off none"),
    row("data", "NEDBD_DATA", "DIR", "./nedb-data", "Keeps each database in a directory of its name in this one, which no other daemon may serve"),
    row("token", "NEDBD_TOKEN", "TOKEN", "", "Asks every caller for this token, which may do everything; better in the environment or the file than here"),
    row("tokens", "NEDBD_TOKENS", "FILE", "", "Reads named tokens and their rights from a TOML file; SIGHUP reads it again"),
    row("insecure-bind", "NEDBD_INSECURE_BIND", "0|1", "0", "Allows plain connections, and callers without a token, from other machines"),
    row("cors-origins", "NEDBD_CORS_ORIGINS", "ORIGINS", "", "Lets pages of these origins, separated by commas, call from a browser"),
    row("durability", "NEDBD_DURABILITY", "sync|group|none", "sync", "Says what is on the disk when a write is acknowledged; batch and async are other names of group and none"),
    row("checkpoint-interval", "NEDBD_CHECKPOINT_INTERVAL", "MINUTES", "5", "Writes a checkpoint of the indexes after so many minutes with writes"),
    row("checkpoint-ops", "NEDBD_CHECKPOINT_OPS", "OPERATIONS", "500000", "Writes a checkpoint of the indexes after so many operations"),
    row("sweep-s", "NEDBD_SWEEP_S", "SECONDS", "60", "Deletes expired documents after so many seconds; 0 never does"),
    row("open", "NEDBD_OPEN", "lazy|eager", "lazy", "Opens databases when they are first asked for, or all before the daemon is ready"),
    row("connections-max", "NEDBD_CONNECTIONS_MAX", "COUNT", "4096", "Takes so many connections at once, of both protocols together"),
    row("requests-max", "NEDBD_REQUESTS_MAX", "COUNT", "256", "Works on so many HTTP requests at once; further ones are told to retry"),
    row("body-mb-max", "NEDBD_BODY_MB_MAX", "MEBIBYTES", "64", "Takes HTTP bodies of so many mebibytes"),
    row("query-timeout-s", "NEDBD_QUERY_TIMEOUT_S", "SECONDS", "60", "Ends a query after so many seconds"),
    row("query-memory-mb", "NEDBD_QUERY_MEMORY_MB", "MEBIBYTES", "256", "Lets a query keep so many mebibytes"),
    row("script-timeout-ms", "NEDBD_SCRIPT_TIMEOUT_MS", "MILLISECONDS", "5000", "Ends a script in Lua after so many milliseconds and undoes it"),
    row("idle-timeout-s", "NEDBD_IDLE_TIMEOUT_S", "SECONDS", "0", "Ends connections of the Redis protocol that were silent for so many seconds; 0 never does"),
    row("notify-keyspace-events", "NEDBD_NOTIFY_KEYSPACE_EVENTS", "LETTERS", "", "Tells on channels of the Redis protocol what happens to keys: K and E name the channels, g $ l s h z x t n m or A the events"),
    row("log-level", "NEDBD_LOG_LEVEL", "0..3", "1", "Logs errors and warnings (0), what happens (1), more (2), everything (3); or error warn info debug trace"),
    row("slow-ms", "NEDBD_SLOW_MS", "MILLISECONDS", "100", "Keeps and logs questions, commands and requests that take so many milliseconds; 0 none"),
    row("memory-mb", "NEDBD_MEMORY_MB", "MEBIBYTES", "256", "Lets requests, questions and answers of all connections together hold so many mebibytes; further ones are told to retry"),
    row("keep-alive-s", "NEDBD_KEEP_ALIVE_S", "SECONDS", "60", "Ends HTTP connections that rested for so many seconds between two requests"),
    row("tls-cert", "NEDBD_TLS_CERT", "FILE", "", "Speaks TLS on both ports with the certificate chain of this PEM file; SIGHUP reads it again"),
    row("tls-key", "NEDBD_TLS_KEY", "FILE", "", "The private key of the certificate, in PEM"),
    row("otlp-endpoint", "NEDBD_OTLP_ENDPOINT", "URL", "", "Sends spans of requests to the collector of OpenTelemetry at this address, in a build with the feature otlp; else OTEL_EXPORTER_OTLP_ENDPOINT names it"),
    row("otlp-service", "NEDBD_OTLP_SERVICE", "NAME", "nedbd", "Calls the daemon so in its spans; else OTEL_SERVICE_NAME does"),
    row("debug", "NEDBD_DEBUG", "0|1", "0", "Logs as --log-level 2 does"),
];

/// The command line of `nedbd`.
///
/// ```
/// let matches = nedb_server::command().try_get_matches_from(["nedbd", "--port", "0"]).expect("a port is a setting");
/// assert_eq!(matches.get_one::<String>("port").map(String::as_str), Some("0"));
/// assert!(nedb_server::command().try_get_matches_from(["nedbd", "--colour"]).is_err());
/// ```
pub fn command() -> Command {
    let arg = |setting: &Setting| {
        let default =
            if setting.default.is_empty() { String::new() } else { format!(" [default: {}]", setting.default) };
        Arg::new(setting.name)
            .long(setting.name)
            .env(setting.environment)
            .hide_env_values(true)
            .value_name(setting.value)
            .help(format!("{}{default}", setting.help))
    };
    Command::new("nedbd")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Serves NEDB databases over HTTP and the Redis protocol")
        .after_help("Example: nedbd --data ./nedb-data --token \"$(openssl rand -hex 32)\"")
        .args(SETTINGS.iter().map(arg))
}

/// The table of settings for the documentation.
///
/// ```
/// assert!(nedb_server::settings_markdown().contains("| `--port PORT` | `NEDBD_PORT` | `port` | 7070 |"));
/// ```
pub fn settings_markdown() -> String {
    let mut page =
        String::from("| flag | environment | key in the file | default | what it does |\n|---|---|---|---|---|\n");
    for Setting { name, environment, value, default, help } in SETTINGS {
        let key = if *name == "config" { String::from("–") } else { format!("`{}`", name.replace('-', "_")) };
        let default = if default.is_empty() { "–" } else { default };
        let (value, help) = (value.replace('|', "\\|"), help.replace('|', "\\|"));
        // Writing to a String cannot fail; the result says so only to satisfy the trait.
        let written = writeln!(page, "| `--{name} {value}` | `{environment}` | {key} | {default} | {help}. |");
        debug_assert!(written.is_ok(), "a String takes every line");
    }
    page
}

/// How old an acknowledged write that is not on the disk yet is at most with durability `group`.
const GROUP_INTERVAL_US: u64 = 10_000;

/// When databases are opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opening {
    /// When they are first asked for.
    Lazy,
    /// Before the daemon is ready.
    Eager,
}

/// Everything that was set, checked.
///
/// ```
/// use nedb_server::{Config, command};
/// let config = |words: &[&str]| Config::read(&command().get_matches_from(words));
/// assert!(config(&["nedbd", "--port", "0", "--resp2-port", "off"]).is_ok());
/// assert!(config(&["nedbd", "--host", "0.0.0.0"]).is_err(), "not without a token and by name");
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    /// How much is logged.
    pub log_level: LevelFilter,
    pub(crate) host: IpAddr,
    pub(crate) http_port: u16,
    pub(crate) resp_port: Option<u16>,
    pub(crate) data: PathBuf,
    pub(crate) token: Option<String>,
    pub(crate) tokens_file: Option<PathBuf>,
    pub(crate) tokens: Tokens,
    pub(crate) tls_files: Option<TlsFiles>,
    pub(crate) tls: Option<Tls>,
    pub(crate) allows_insecure: bool,
    pub(crate) cors_origins: Vec<String>,
    pub(crate) durability: Durability,
    pub(crate) options: Options,
    pub(crate) io: Io,
    pub(crate) opening: Opening,
    pub(crate) connections_max: usize,
    pub(crate) requests_max: usize,
    pub(crate) body_bytes_max: usize,
    pub(crate) query_timeout: Duration,
    pub(crate) query_memory_bytes_max: u64,
    pub(crate) script_timeout: Duration,
    pub(crate) idle_timeout: Option<Duration>,
    pub(crate) keep_alive: Duration,
    pub(crate) slow_us: Option<u64>,
    /// What requests, questions and answers hold together.
    pub(crate) memory: MemoryPool,
    pub(crate) notices: NoticeFlags,
    pub(crate) traces: Option<Target>,
}

impl Config {
    /// Reads the settings from a command line that was parsed, the environment and the file that they name.
    ///
    /// Errors: `invalid_argument` naming the setting; `io` when a file cannot be read; `unsupported` when a key is set.
    pub fn read(matches: &ArgMatches) -> Result<Self> {
        refuse_keys(|name| std::env::var_os(name).is_some())?;
        let given = |name: &str| matches.get_one::<String>(name).cloned();
        let file = match given("config") {
            Some(path) => file_settings(&path)?,
            None => Vec::new(),
        };
        Self::of(&|name| {
            let of_file = || file.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
            given(name).or_else(of_file).or_else(|| standard_value(name))
        })
    }

    /// Lets the engines live in another world: with a clock that a test moves, or a disk that fails.
    ///
    /// The data directory itself, and which databases it has, stay on the real disk.
    pub fn with_io(mut self, io: Io) -> Self {
        self.options = self.options.io(io.clone());
        self.io = io;
        self
    }

    /// Checks settings that are looked up by name.
    pub(crate) fn of(given: &dyn Fn(&str) -> Option<String>) -> Result<Self> {
        let values = Values { given };
        let mut config = Self {
            log_level: log_level(&values)?,
            host: values.parsed("host")?,
            http_port: values.parsed("port")?,
            resp_port: if values.text("resp2-port") == "off" { None } else { Some(values.parsed("resp2-port")?) },
            data: PathBuf::from(values.text("data")),
            token: values.maybe("token"),
            tokens_file: values.maybe("tokens").map(PathBuf::from),
            tokens: Tokens::default(),
            tls_files: tls_files(&values)?,
            tls: None,
            allows_insecure: values.flag("insecure-bind")?,
            cors_origins: origins(&values)?,
            durability: durability(&values)?,
            options: engine_options(&values)?,
            io: Io::real(),
            opening: match values.text("open").as_str() {
                "lazy" => Opening::Lazy,
                "eager" => Opening::Eager,
                _ => return Err(values.wrong("open", "there are lazy and eager")),
            },
            connections_max: values.at_least_one("connections-max")?,
            requests_max: values.at_least_one("requests-max")?,
            body_bytes_max: values.at_least_one("body-mb-max")?.saturating_mul(1 << 20),
            query_timeout: Duration::from_secs(u64::from(values.parsed::<u32>("query-timeout-s")?)),
            query_memory_bytes_max: u64::from(values.parsed::<u32>("query-memory-mb")?) << 20,
            script_timeout: Duration::from_millis(u64::from(values.parsed::<u32>("script-timeout-ms")?)),
            idle_timeout: match values.parsed::<u32>("idle-timeout-s")? {
                0 => None,
                seconds => Some(Duration::from_secs(u64::from(seconds))),
            },
            keep_alive: Duration::from_secs(values.at_least_one("keep-alive-s")? as u64),
            slow_us: match u64::from(values.parsed::<u32>("slow-ms")?) * 1_000 {
                0 => None,
                slow_us => Some(slow_us),
            },
            memory: MemoryPool::new(values.at_least_one("memory-mb")?.saturating_mul(1 << 20)),
            notices: values.parsed("notify-keyspace-events")?,
            traces: traces(&values)?,
        };
        config.tokens = config.read_tokens()?;
        config.tls = config.read_tls()?;
        config.check_exposure()?;
        Ok(config)
    }

    /// Reads the tokens, at the start and again when asked to.
    pub(crate) fn read_tokens(&self) -> Result<Tokens> {
        let mut tokens = Tokens::default();
        if let Some(token) = &self.token {
            tokens.add_root(token)?;
        }
        if let Some(path) = &self.tokens_file {
            tokens.add_file(&read_text(path)?)?;
        }
        Ok(tokens)
    }

    /// Whether there is a file of tokens, which can be read again.
    pub(crate) fn has_tokens_file(&self) -> bool {
        self.tokens_file.is_some()
    }

    /// Reads the certificate and its key, at the start and again when asked to.
    pub(crate) fn read_tls(&self) -> Result<Option<Tls>> {
        self.tls_files.as_ref().map(TlsFiles::read).transpose()
    }

    /// The bounds of a question, which shares its memory with all others.
    pub(crate) fn query_bounds(&self) -> QueryOptions {
        self.live_bounds().memory_pool(self.memory.clone())
    }

    /// The bounds of a question that is answered again and again: one moment without memory for it must not end it. Few are answered at once.
    pub(crate) fn live_bounds(&self) -> QueryOptions {
        let timeout_us = u64::try_from(self.query_timeout.as_micros()).unwrap_or(u64::MAX);
        QueryOptions::new().deadline_us(timeout_us).memory_bytes_max(self.query_memory_bytes_max)
    }

    /// The bounds of every script.
    pub(crate) fn script_bounds(&self) -> ScriptBounds {
        ScriptBounds {
            timeout_us: u64::try_from(self.script_timeout.as_micros()).unwrap_or(u64::MAX),
            memory_bytes_max: usize::try_from(self.query_memory_bytes_max).unwrap_or(usize::MAX),
            clock: Arc::clone(&self.io.clock),
            log: |level, text| match level {
                3 => tracing::warn!("a script says: {text}"),
                2 => tracing::info!("a script says: {text}"),
                _ => tracing::debug!("a script says: {text}"),
            },
        }
    }

    /// What Redis calls the durability of writes.
    pub(crate) fn appendfsync(&self) -> &'static str {
        match self.durability {
            Durability::Sync => "always",
            Durability::Group { .. } => "everysec",
            Durability::None => "no",
        }
    }

    /// Refuses to be seen from other machines unless that was asked for by name.
    fn check_exposure(&self) -> Result<()> {
        let missing = match (self.tls.is_some(), self.tokens.is_empty()) {
            (true, false) => return Ok(()),
            _ if self.host.is_loopback() || self.allows_insecure => return Ok(()),
            (false, _) => {
                "without TLS: tokens and documents would be readable on the way. Set --tls-cert and --tls-key"
            }
            (true, true) => "without a token: whoever connects might do everything. Set --token or --tokens",
        };
        let message = format!(
            "host {}: other machines could connect, and {missing}, listen on {}, or allow it with --insecure-bind 1",
            self.host,
            Ipv4Addr::LOCALHOST
        );
        Err(Error::new(ErrorCode::InvalidArgument, message))
    }
}

/// Settings by name, or their defaults.
struct Values<'g> {
    given: &'g dyn Fn(&str) -> Option<String>,
}

impl Values<'_> {
    fn maybe(&self, name: &str) -> Option<String> {
        (self.given)(name).filter(|text| !text.is_empty())
    }

    fn text(&self, name: &str) -> String {
        let default = || SETTINGS.iter().find(|setting| setting.name == name).map(|setting| setting.default);
        self.maybe(name).unwrap_or_else(|| default().unwrap_or_default().to_owned())
    }

    fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(&self, name: &str) -> Result<T> {
        self.text(name).parse().map_err(|error: T::Err| self.wrong(name, &error.to_string()))
    }

    fn at_least_one(&self, name: &str) -> Result<usize> {
        match self.parsed(name)? {
            0 => Err(self.wrong(name, "it is at least 1")),
            count => Ok(count),
        }
    }

    fn flag(&self, name: &str) -> Result<bool> {
        match self.text(name).to_ascii_lowercase().as_str() {
            "1" | "true" | "yes" | "on" => Ok(true),
            "0" | "false" | "no" | "off" => Ok(false),
            _ => Err(self.wrong(name, "it is 0 or 1")),
        }
    }

    fn wrong(&self, name: &str, why: &str) -> Error {
        // Secrets are not among the settings that are parsed.
        Error::new(ErrorCode::InvalidArgument, format!("setting {name} = {:?}: {why}", self.text(name)))
    }
}

fn log_level(values: &Values<'_>) -> Result<LevelFilter> {
    let level = match values.text("log-level").to_ascii_lowercase().as_str() {
        "0" | "warn" => LevelFilter::WARN,
        "error" => LevelFilter::ERROR,
        "1" | "info" => LevelFilter::INFO,
        "2" | "debug" => LevelFilter::DEBUG,
        "3" | "trace" => LevelFilter::TRACE,
        _ => return Err(values.wrong("log-level", "there are 0 to 3, and error, warn, info, debug and trace")),
    };
    Ok(if values.flag("debug")? { level.max(LevelFilter::DEBUG) } else { level })
}

fn origins(values: &Values<'_>) -> Result<Vec<String>> {
    let text = values.text("cors-origins");
    let origins: Vec<String> =
        text.split(',').map(|origin| origin.trim().to_owned()).filter(|origin| !origin.is_empty()).collect();
    if origins.iter().any(|origin| origin == "*") {
        return Err(values.wrong("cors-origins", "* would let every page call: name the origins"));
    }
    Ok(origins)
}

fn tls_files(values: &Values<'_>) -> Result<Option<TlsFiles>> {
    match (values.maybe("tls-cert"), values.maybe("tls-key")) {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => Ok(Some(TlsFiles { certificate: certificate.into(), key: key.into() })),
        (Some(_), None) => Err(values.wrong("tls-key", "tls-cert is set, and a certificate needs its key")),
        (None, Some(_)) => Err(values.wrong("tls-cert", "tls-key is set, and a key needs its certificate")),
    }
}

fn traces(values: &Values<'_>) -> Result<Option<Target>> {
    let given = Target::SETTINGS.into_iter().find(|name| values.maybe(name).is_some());
    if let Some(name) = given.filter(|_| !cfg!(feature = "otlp")) {
        let message = format!("setting {name}: this build sends no spans; build nedb-server with --features otlp");
        return Err(Error::new(ErrorCode::Unsupported, message));
    }
    let endpoint = values.maybe("otlp-endpoint");
    endpoint.map(|endpoint| Target::read(&endpoint, values.text("otlp-service"))).transpose()
}

fn durability(values: &Values<'_>) -> Result<Durability> {
    match values.text("durability").as_str() {
        "sync" => Ok(Durability::Sync),
        "group" | "batch" => Ok(Durability::Group { interval_us: GROUP_INTERVAL_US }),
        "none" | "async" => Ok(Durability::None),
        _ => Err(values.wrong("durability", "there are sync, group and none")),
    }
}

fn engine_options(values: &Values<'_>) -> Result<Options> {
    let minutes: u32 = values.parsed("checkpoint-interval")?;
    let policy = CheckpointPolicy {
        records: values.parsed("checkpoint-ops")?,
        interval_us: u64::from(minutes).saturating_mul(60_000_000),
        ..CheckpointPolicy::default()
    };
    let sweep_us = u64::from(values.parsed::<u32>("sweep-s")?).saturating_mul(1_000_000);
    Ok(Options::new().durability(durability(values)?).checkpoints(policy).sweep_interval_us(sweep_us))
}

/// The settings of a TOML file, by the names of the flags.
fn file_settings(path: &str) -> Result<Vec<(String, String)>> {
    let wrong = |why: String| Error::new(ErrorCode::InvalidArgument, format!("{path}: {why}"));
    let file: toml::Table =
        read_text(path.as_ref())?.parse().map_err(|error: toml::de::Error| wrong(error.to_string()))?;
    let mut settings = Vec::new();
    for (key, value) in file {
        let name = key.replace('_', "-");
        if name == "config" || !SETTINGS.iter().any(|setting| setting.name == name) {
            return Err(wrong(format!("{key:?} is no setting")));
        }
        let text = match value {
            toml::Value::String(text) => text,
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Boolean(flag) => u8::from(flag).to_string(),
            toml::Value::Array(texts) => {
                let texts: Option<Vec<&str>> = texts.iter().map(toml::Value::as_str).collect();
                texts.ok_or_else(|| wrong(format!("{key}: a list has texts only")))?.join(",")
            }
            other => return Err(wrong(format!("{key}: a {} is no value of a setting", other.type_str()))),
        };
        settings.push((name, text));
    }
    Ok(settings)
}

/// How large a settings or token file is at most: it is read whole.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Variables that ask for encryption.
const KEY_VARIABLES: [&str; 2] = ["NEDB_TMK", "NEDB_TMK_FILE"];

/// Refuses to serve in the clear what somebody believes to be encrypted.
fn refuse_keys(is_set: impl Fn(&str) -> bool) -> Result<()> {
    match KEY_VARIABLES.into_iter().find(|name| is_set(name)) {
        None => Ok(()),
        Some(name) => {
            let message = format!("{name} is set, and this version does not encrypt: unset it to serve without");
            Err(Error::new(ErrorCode::Unsupported, message))
        }
    }
}

pub(crate) fn read_text(path: &std::path::Path) -> Result<String> {
    let failed = |error: std::io::Error| {
        Error::new(ErrorCode::Io, format!("cannot read {}: {error}", path.display())).with_source(error)
    };
    let file = RealDisk.open(path, Access::Read).map_err(failed)?;
    if file.len_bytes().map_err(failed)? > FILE_BYTES_MAX {
        return Err(Error::new(
            ErrorCode::InvalidArgument,
            format!("{}: more than {FILE_BYTES_MAX} bytes", path.display()),
        ));
    }
    let bytes = RealDisk.read_all(path).map_err(failed)?;
    String::from_utf8(bytes).map_err(|error| {
        Error::new(ErrorCode::InvalidArgument, format!("{} is not UTF-8", path.display())).with_source(error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(settings: &[(&str, &str)]) -> Result<Config> {
        let settings: Vec<(String, String)> =
            settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Config::of(&|name| settings.iter().find(|(given, _)| given == name).map(|(_, value)| value.clone()))
    }

    #[test]
    fn the_defaults_are_loopback_durable_and_without_a_token() {
        let config = config(&[]).unwrap();
        assert!(config.host.is_loopback() && config.tokens.is_empty() && !config.allows_insecure);
        assert_eq!((config.http_port, config.resp_port), (7070, Some(6380)));
    }

    #[test]
    fn other_machines_are_let_in_by_name_only() {
        for host in ["0.0.0.0", "192.0.2.1", "::"] {
            let error = config(&[("host", host), ("token", "a long secret")]).unwrap_err();
            assert!(error.message().contains("--insecure-bind"), "{error}");
            assert!(config(&[("host", host), ("insecure-bind", "1")]).is_ok());
        }
    }

    #[test]
    fn a_key_is_refused_by_its_name_until_there_is_encryption() {
        for name in KEY_VARIABLES {
            let error = refuse_keys(|asked| asked == name).unwrap_err();
            assert!(error.code() == ErrorCode::Unsupported && error.message().starts_with(name), "{error}");
        }
        assert!(refuse_keys(|_| false).is_ok());
    }

    #[test]
    fn spans_are_sent_by_a_build_that_can_and_over_http_only() {
        for endpoint in ["https://collector.example:4318", "collector.example:4317", "http://"] {
            let error = config(&[("otlp-endpoint", endpoint)]).unwrap_err();
            assert!(error.code() == ErrorCode::Unsupported && error.message().contains("otlp-endpoint"), "{error}");
        }
        let sent =
            config(&[("otlp-endpoint", "http://localhost:4318/"), ("otlp-service", "shop")]).map(|set| set.traces);
        let named = config(&[("otlp-service", "shop")]).map(|set| set.traces);
        if cfg!(feature = "otlp") {
            assert_eq!(named.unwrap(), None);
            let wanted = Target { endpoint: "http://localhost:4318".to_owned(), service: "shop".to_owned() };
            assert_eq!(sent.unwrap(), Some(wanted));
        } else {
            assert!(named.unwrap_err().message().contains("otlp-service"));
            assert_eq!(sent.unwrap_err().code(), ErrorCode::Unsupported);
        }
    }

    #[test]
    fn a_wrong_value_names_its_setting() {
        for (name, value) in [
            ("host", "localhost:80"),
            ("port", "65536"),
            ("resp2-port", "on"),
            ("durability", "safe"),
            ("open", "later"),
            ("requests-max", "0"),
            ("log-level", "4"),
            ("insecure-bind", "maybe"),
            ("cors-origins", "https://a.example, *"),
            ("sweep-s", "-1"),
            ("notify-keyspace-events", "Kq"),
        ] {
            let error = config(&[(name, value)]).unwrap_err();
            assert!(error.message().starts_with(&format!("setting {name} = ")), "{error}");
        }
    }

    #[test]
    fn no_setting_stands_twice() {
        for (at, setting) in SETTINGS.iter().enumerate() {
            assert!(setting.environment.starts_with("NEDBD_"));
            assert!(
                SETTINGS
                    .iter()
                    .skip(at + 1)
                    .all(|other| other.name != setting.name && other.environment != setting.environment)
            );
        }
    }
}
