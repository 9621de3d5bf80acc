//! The unit of systemd and the Dockerfile set what the daemon knows, and nothing that was renamed since.

use nedb_server::SETTINGS;

const UNIT: &str = include_str!("../../../../packaging/nedbd.service");
const DOCKERFILE: &str = include_str!("../../../../packaging/Dockerfile");

/// The words of the lines in which the daemon is begun or set.
fn words<'t>(text: &'t str, starts: &[&str]) -> Vec<&'t str> {
    let lines = text.lines().filter(|line| starts.iter().any(|start| line.starts_with(start)));
    lines.flat_map(|line| line.split([' ', '"', ',', '[', ']', '='])).filter(|word| !word.is_empty()).collect()
}

#[test]
fn every_flag_and_variable_of_the_packages_is_a_setting() {
    let lines = [words(UNIT, &["ExecStart="]), words(DOCKERFILE, &["ENV", "CMD", "# docker run"])].concat();
    let (mut flags, mut variables) = (0, 0);
    for word in lines {
        if let Some(flag) = word.strip_prefix("--") {
            assert!(SETTINGS.iter().any(|setting| setting.name == flag), "--{flag}");
            flags += 1;
        }
        if word.starts_with("NEDBD_") {
            assert!(SETTINGS.iter().any(|setting| setting.environment == word), "{word}");
            variables += 1;
        }
    }
    assert!(flags >= 5 && variables >= 2, "{flags} flags, {variables} variables");
}

#[test]
fn the_ports_of_the_image_are_the_defaults() {
    for name in ["port", "resp2-port"] {
        let port = SETTINGS.iter().find(|setting| setting.name == name).unwrap().default;
        assert!(words(DOCKERFILE, &["EXPOSE"]).contains(&port), "{port}");
    }
}

#[test]
fn the_unit_reloads_and_is_fenced_in() {
    for line in [
        "ExecReload=/bin/kill -HUP $MAINPID",
        "DynamicUser=yes",
        "ProtectSystem=strict",
        "StateDirectory=nedbd",
        "CapabilityBoundingSet=",
    ] {
        assert!(UNIT.lines().any(|known| known == line), "{line}");
    }
    assert!(DOCKERFILE.lines().any(|line| line == "USER nedbd"));
    assert!(DOCKERFILE.contains("HEALTHCHECK"));
}
