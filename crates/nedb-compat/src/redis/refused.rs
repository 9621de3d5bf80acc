//! The commands of Redis that are refused by name, and why: what a program gets instead of "unknown command".

/// Commands of Redis that are refused by name, and why.
pub(super) const REFUSED: &[(&str, &[&str])] = &[
    (
        "messages are for connections, not for a database in process",
        &["SUBSCRIBE", "UNSUBSCRIBE", "PSUBSCRIBE", "PUNSUBSCRIBE", "SSUBSCRIBE", "SUNSUBSCRIBE", "PUBSUB"],
    ),
    ("nobody is shown the calls of others: what they wrote is in the history and in the change feed", &["MONITOR"]),
    ("there are no replicas that could be waited for", &["WAIT", "WAITAOF"]),
    ("functions are not supported: scripts are", &["FCALL", "FCALL_RO", "FUNCTION"]),
    ("cardinality estimates are not supported", &["PFADD", "PFCOUNT", "PFMERGE"]),
    (
        "places on earth are not supported",
        &[
            "GEOADD",
            "GEODIST",
            "GEOHASH",
            "GEOPOS",
            "GEORADIUS",
            "GEORADIUS_RO",
            "GEORADIUSBYMEMBER",
            "GEORADIUSBYMEMBER_RO",
            "GEOSEARCH",
            "GEOSEARCHSTORE",
        ],
    ),
    ("values go to another server by DUMP and RESTORE, if that one is NEDB", &["MIGRATE"]),
    (
        "a field has no lifetime of its own: a hash is a document, and that expires as one",
        &[
            "HEXPIRE",
            "HPEXPIRE",
            "HEXPIREAT",
            "HPEXPIREAT",
            "HEXPIRETIME",
            "HPEXPIRETIME",
            "HTTL",
            "HPTTL",
            "HPERSIST",
            "HGETEX",
            "HSETEX",
            "HGETDEL",
        ],
    ),
    ("one database is opened at a time", &["SELECT", "MOVE", "SWAPDB"]),
    (
        "nedbd answers it: a database in process has no connections",
        &["AUTH", "HELLO", "QUIT", "RESET", "CLIENT", "CONFIG", "INFO", "SLOWLOG", "LOLWUT"],
    ),
    ("who may do what stands in the file of --tokens of nedbd, by database", &["ACL"]),
    ("nothing is kept by its size in memory: `nedb stats` and /metrics of nedbd tell sizes", &["MEMORY"]),
    ("times are in /metrics of nedbd, and what took long in SLOWLOG", &["LATENCY"]),
    ("a database has no switches for tests", &["DEBUG"]),
    ("there are no modules", &["MODULE"]),
    ("there is no cluster: a database is in one place", &["CLUSTER", "READONLY", "READWRITE", "ASKING"]),
    (
        "there are no replicas: `nedb log --follow` and the change feed tell others what was written",
        &["FAILOVER", "REPLICAOF", "SLAVEOF", "ROLE", "PSYNC", "SYNC"],
    ),
    (
        "every write is in the log already, as durable as the database was opened for",
        &["SAVE", "BGSAVE", "BGREWRITEAOF", "LASTSAVE"],
    ),
    ("a daemon ends in order by SIGTERM", &["SHUTDOWN"]),
];

/// Why a command of Redis is refused, for those that are refused by name.
pub(super) fn reason(name: &[u8]) -> Option<&'static str> {
    let is_named = |names: &&[&str]| names.iter().any(|refused| refused.as_bytes().eq_ignore_ascii_case(name));
    REFUSED.iter().find(|(_, names)| is_named(names)).map(|(reason, _)| *reason)
}
