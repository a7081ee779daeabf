//! The options: what each is called on the command line and in the environment, its default and its meaning.
//!
//! One table, from which the command line is parsed, the help is written and the environment is read. What an
//! option's text means is the business of `config.rs`.

/// One option. Every text is as people type and read it.
#[derive(Debug)]
pub(crate) struct OptionRow {
    /// `--port`, or nothing for what only the environment can say.
    pub(crate) flag: Option<&'static str>,
    /// What stands behind the flag, for people: `PORT`. Nothing for a switch.
    pub(crate) value: Option<&'static str>,
    /// `SERVER_PORT`, or nothing for what belongs to one call of one command.
    pub(crate) variable: Option<&'static str>,
    /// The text that counts when neither flag nor variable says anything.
    pub(crate) default: Option<&'static str>,
    /// A few words of help.
    pub(crate) meaning: &'static str,
    /// Where [`Options`] keeps what was typed.
    pub(crate) typed: fn(&Options) -> Option<&str>,
}

/// The flags of the environment's options, as typed. [`OptionRow::typed`] connects each field to its row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) host: Option<String>,
    pub(crate) port: Option<String>,
    pub(crate) numthreads: Option<String>,
    pub(crate) data_dir: Option<String>,
    pub(crate) base_url: Option<String>,
    pub(crate) allowed_hosts: Option<String>,
    pub(crate) trusted_proxies: Option<String>,
    pub(crate) tls_cert: Option<String>,
    pub(crate) tls_key: Option<String>,
    pub(crate) http_port: Option<String>,
    pub(crate) click_durability: Option<String>,
    pub(crate) click_window: Option<String>,
    pub(crate) page_cache: Option<String>,
    pub(crate) backup_keep: Option<String>,
    pub(crate) log_level: Option<String>,
    pub(crate) log_format: Option<String>,
    /// Of `serve` alone: a missing data file is made even beside backups.
    pub(crate) new: bool,
}

pub(crate) static HOST: OptionRow = OptionRow {
    default: Some("127.0.0.1"),
    typed: |options| options.host.as_deref(),
    ..OptionRow::setting("--host", "ADDRESS", "SERVER_HOST", "address to bind")
};
pub(crate) static PORT: OptionRow = OptionRow {
    default: Some("8000"),
    typed: |options| options.port.as_deref(),
    ..OptionRow::setting("--port", "PORT", "SERVER_PORT", "0 takes a free port")
};
pub(crate) static NUMTHREADS: OptionRow = OptionRow {
    default: Some("10"),
    typed: |options| options.numthreads.as_deref(),
    ..OptionRow::setting("--numthreads", "COUNT", "SERVER_NUMTHREADS", "threads, 1 to 256")
};
pub(crate) static DATA_DIR: OptionRow = OptionRow {
    default: Some("data"),
    typed: |options| options.data_dir.as_deref(),
    ..OptionRow::setting("--data-dir", "FOLDER", "SERVER_DATA_DIR", "where all data lives")
};
pub(crate) static BASE_URL: OptionRow = OptionRow {
    typed: |options| options.base_url.as_deref(),
    ..OptionRow::setting("--base-url", "URL", "SERVER_BASE_URL", "public address, for links")
};
pub(crate) static ALLOWED_HOSTS: OptionRow = OptionRow {
    typed: |options| options.allowed_hosts.as_deref(),
    ..OptionRow::setting("--allowed-hosts", "NAMES", "SERVER_ALLOWED_HOSTS", "more host names, with commas")
};
pub(crate) static TRUSTED_PROXIES: OptionRow = OptionRow {
    typed: |options| options.trusted_proxies.as_deref(),
    ..OptionRow::setting("--trusted-proxies", "LIST", "SERVER_TRUSTED_PROXIES", "networks, loopback, private")
};
pub(crate) static TLS_CERT: OptionRow = OptionRow {
    typed: |options| options.tls_cert.as_deref(),
    ..OptionRow::setting("--tls-cert", "FILE", "SERVER_TLS_CERT", "certificate chain, PEM")
};
pub(crate) static TLS_KEY: OptionRow = OptionRow {
    typed: |options| options.tls_key.as_deref(),
    ..OptionRow::setting("--tls-key", "FILE", "SERVER_TLS_KEY", "its private key, PEM")
};
pub(crate) static HTTP_PORT: OptionRow = OptionRow {
    typed: |options| options.http_port.as_deref(),
    ..OptionRow::setting("--http-port", "PORT", "SERVER_HTTP_PORT", "plain HTTP beside TLS")
};
pub(crate) static CLICK_DURABILITY: OptionRow = OptionRow {
    default: Some("relaxed"),
    typed: |options| options.click_durability.as_deref(),
    ..OptionRow::setting("--click-durability", "WHEN", "SERVER_CLICK_DURABILITY", "relaxed or strict")
};
pub(crate) static CLICK_WINDOW: OptionRow = OptionRow {
    default: Some("1000"),
    typed: |options| options.click_window.as_deref(),
    ..OptionRow::setting("--click-window", "MS", "SERVER_CLICK_WINDOW", "clicks wait so long")
};
pub(crate) static PAGE_CACHE: OptionRow = OptionRow {
    typed: |options| options.page_cache.as_deref(),
    ..OptionRow::setting("--page-cache", "MIB", "SERVER_PAGE_CACHE", "memory for the data file")
};
pub(crate) static BACKUP_KEEP: OptionRow = OptionRow {
    default: Some("7"),
    typed: |options| options.backup_keep.as_deref(),
    ..OptionRow::setting("--backup-keep", "COUNT", "SERVER_BACKUP_KEEP", "daily backups, 0 none")
};
pub(crate) static LOG_LEVEL: OptionRow = OptionRow {
    default: Some("info"),
    typed: |options| options.log_level.as_deref(),
    ..OptionRow::setting("--log-level", "LEVEL", "SERVER_LOG_LEVEL", "from off to trace")
};
pub(crate) static LOG_FORMAT: OptionRow = OptionRow {
    default: Some("text"),
    typed: |options| options.log_format.as_deref(),
    ..OptionRow::setting("--log-format", "FORMAT", "SERVER_LOG_FORMAT", "text or json")
};

pub(crate) static REGISTRATION: OptionRow =
    OptionRow::variable("SERVER_REGISTRATION", "who may register: open, invite, closed");
pub(crate) static ADMIN_USERNAME: OptionRow =
    OptionRow::variable("SERVER_ADMIN_USERNAME", "the first administrator, made if none exists");
pub(crate) static ADMIN_EMAIL: OptionRow = OptionRow::variable("SERVER_ADMIN_EMAIL", "the administrator's address");
pub(crate) static ADMIN_PASSWORD: OptionRow =
    OptionRow::variable("SERVER_ADMIN_PASSWORD", "the administrator's password");
pub(crate) static ADMIN_PASSWORD_FILE: OptionRow =
    OptionRow::variable("SERVER_ADMIN_PASSWORD_FILE", "or a file that holds it");

pub(crate) static JSON: OptionRow = OptionRow::switch("--json", "answer as JSON");
pub(crate) static ADMIN: OptionRow = OptionRow::switch("--admin", "make an administrator");
pub(crate) static PASSWORD_STDIN: OptionRow =
    OptionRow::switch("--password-stdin", "read the password from standard input");
pub(crate) static EMAIL: OptionRow =
    OptionRow { value: Some("ADDRESS"), ..OptionRow::switch("--email", "the user's address, needed") };

pub(crate) static TO: OptionRow =
    OptionRow { value: Some("FILE"), ..OptionRow::switch("--to", "where it goes instead; must not exist") };
pub(crate) static DRY_RUN: OptionRow = OptionRow::switch("--dry-run", "only try it, on a copy that is removed");
pub(crate) static COMPACT: OptionRow =
    OptionRow { value: Some("FILE"), ..OptionRow::switch("--compact", "where it goes, needed; must not exist") };
pub(crate) static NEW: OptionRow = OptionRow::switch("--new", "begin anew beside backups");
pub(crate) static VERIFY: OptionRow = OptionRow::switch("--verify", "only try whether it could be restored");
pub(crate) static LINKS: OptionRow =
    OptionRow { value: Some("WHAT"), ..OptionRow::switch("--links", "their links: delete, keep or to=OTHER") };
pub(crate) static YES: OptionRow = OptionRow::switch("--yes", "do not ask");

/// Every option that the environment can give, in the order in which people read about them.
pub(crate) static FROM_ENVIRONMENT: &[&OptionRow] = &[
    &HOST,
    &PORT,
    &NUMTHREADS,
    &DATA_DIR,
    &BASE_URL,
    &ALLOWED_HOSTS,
    &TRUSTED_PROXIES,
    &TLS_CERT,
    &TLS_KEY,
    &HTTP_PORT,
    &CLICK_DURABILITY,
    &CLICK_WINDOW,
    &PAGE_CACHE,
    &BACKUP_KEEP,
    &LOG_LEVEL,
    &LOG_FORMAT,
    &REGISTRATION,
    &ADMIN_USERNAME,
    &ADMIN_EMAIL,
    &ADMIN_PASSWORD,
    &ADMIN_PASSWORD_FILE,
];

impl OptionRow {
    /// A flag that has a variable too; default and field are added by the row itself.
    const fn setting(
        flag: &'static str,
        value: &'static str,
        variable: &'static str,
        meaning: &'static str,
    ) -> OptionRow {
        OptionRow { flag: Some(flag), value: Some(value), ..OptionRow::variable(variable, meaning) }
    }

    /// What only the environment says: nothing that should show in a list of processes.
    const fn variable(variable: &'static str, meaning: &'static str) -> OptionRow {
        OptionRow { flag: None, value: None, variable: Some(variable), default: None, meaning, typed: |_| None }
    }

    /// A flag without a value, of one command.
    const fn switch(flag: &'static str, meaning: &'static str) -> OptionRow {
        OptionRow { flag: Some(flag), value: None, variable: None, default: None, meaning, typed: |_| None }
    }
}
