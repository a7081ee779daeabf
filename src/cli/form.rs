//! The commands: what each is called, which options it takes, and what its help says.
//!
//! One table, read by the parser and by the help. A command that is not here does not exist.

use crate::options::{
    ADMIN, BASE_URL, COMPACT, DATA_DIR, DRY_RUN, EMAIL, FROM_ENVIRONMENT, HOST, JSON, LINKS, NEW, OptionRow,
    PASSWORD_STDIN, PORT, TLS_CERT, TO, VERIFY, YES,
};

/// What `help` can be asked about: every command, every group of them, and the program as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Topic {
    Program,
    Serve,
    User,
    UserAdd,
    UserList,
    UserPasswd,
    UserResetLink,
    UserRole,
    UserDisable,
    UserEnable,
    UserRemove,
    UserRelease,
    UserInvite,
    Backup,
    Export,
    Check,
    Restore,
    Migrate,
    Settings,
    Config,
    Health,
    Tls,
    TlsSelfSigned,
    Version,
    Help,
}

/// A command, or a group of them.
#[derive(Debug)]
pub(super) struct Form {
    pub(super) topic: Topic,
    /// As typed, without the program's name: `user add`.
    pub(super) words: &'static str,
    /// What stands behind the words: `NAME`.
    pub(super) operands: &'static str,
    /// One sentence, short enough for the list of commands.
    pub(super) sentence: &'static str,
    /// Whole lines; those that start with the program's name can be typed as they are.
    pub(super) examples: &'static [&'static str],
    /// The options that it takes, first those of its own.
    pub(super) options: &'static [&'static OptionRow],
    /// Whether it takes everything that the environment can say, too.
    pub(super) environment: bool,
}

impl Form {
    /// Every option that this command knows.
    pub(super) fn rows(&self) -> impl Iterator<Item = &'static OptionRow> {
        let environment = if self.environment { FROM_ENVIRONMENT } else { &[] };
        self.options.iter().chain(environment).copied()
    }

    /// Whether `row` may be given to this command.
    pub(super) fn takes(&self, row: &OptionRow) -> bool {
        self.rows().any(|known| known.flag == row.flag)
    }
}

pub(super) static PROGRAM: Form = Form {
    topic: Topic::Program,
    words: "",
    operands: "",
    sentence: "A multi-user URL shortener in one executable and one data file.",
    examples: &[
        "linkjar                   run the server on http://127.0.0.1:8000/",
        "linkjar help serve        what a command takes",
    ],
    options: &[],
    environment: false,
};

pub(super) static SERVE: Form = Form {
    topic: Topic::Serve,
    words: "serve",
    operands: "",
    sentence: "Run the server, as linkjar alone does.",
    examples: &[],
    options: &[&NEW],
    environment: true,
};

/// The groups: they have help, but by themselves they do nothing.
pub(super) static GROUPS: &[&Form] = &[&USER, &TLS];

static USER: Form = Form {
    topic: Topic::User,
    words: "user",
    operands: "",
    sentence: "Add, list, change and remove users.",
    examples: &["linkjar user add anna --email anna@home.example --admin", "linkjar user list"],
    options: &[&DATA_DIR],
    environment: false,
};

static TLS: Form = Form {
    topic: Topic::Tls,
    words: "tls",
    operands: "",
    sentence: "Certificates for https.",
    examples: &["linkjar tls self-signed"],
    options: &[&DATA_DIR],
    environment: false,
};

/// The keys of `settings` and what each takes, for its help.
pub(crate) static SETTING_KEYS: &[(&str, &str)] = &[
    ("site.name", "shown at the top of every page"),
    ("site.home", "where / leads visitors; empty: our own page"),
    ("accounts.registration", "who may register: open, invite, closed"),
    ("accounts.links-max", "per user: 1 to 1000000, or unlimited"),
    ("links.per-minute", "of one user: 1 to 10000, or unlimited"),
    ("clicks.addresses", "of visitors: never, shorten, store"),
    ("clicks.keep-days", "1 to 3650, or forever; sums always stay"),
    ("links.redirect", "302, or 301 that browsers keep 5 minutes"),
    ("links.blocked-hosts", "where no link may lead; names with commas"),
    ("links.private", "links into private networks: allow, refuse"),
];

/// Every command, in the order in which people read about them.
pub(super) static COMMANDS: &[&Form] = &[
    &SERVE,
    &Form {
        topic: Topic::UserAdd,
        words: "user add",
        operands: "NAME",
        sentence: "Add a user; the password is asked for.",
        examples: &[
            "linkjar user add anna --email anna@home.example --admin",
            "linkjar user add bob --email bob@home.example --password-stdin < bob.txt",
        ],
        options: &[&EMAIL, &ADMIN, &PASSWORD_STDIN, &DATA_DIR],
        environment: false,
    },
    &Form {
        topic: Topic::UserList,
        words: "user list",
        operands: "",
        sentence: "List the users.",
        examples: &["linkjar user list", "linkjar user list --json"],
        options: &[&JSON, &DATA_DIR],
        environment: false,
    },
    &Form {
        topic: Topic::UserPasswd,
        words: "user passwd",
        operands: "NAME",
        sentence: "Set a user's password.",
        examples: &["linkjar user passwd anna", "linkjar user passwd bob --password-stdin < bob.txt"],
        options: &[&PASSWORD_STDIN, &DATA_DIR],
        environment: false,
    },
    &Form {
        topic: Topic::UserResetLink,
        words: "user reset-link",
        operands: "NAME",
        sentence: "Make a link to choose a new password, once.",
        examples: &["linkjar user reset-link anna --base-url https://short.example"],
        options: &[&BASE_URL, &DATA_DIR],
        environment: false,
    },
    &Form {
        topic: Topic::UserRole,
        words: "user role",
        operands: "NAME admin|user",
        sentence: "Make somebody an administrator, or not.",
        examples: &["linkjar user role anna admin", "linkjar user role bob user"],
        options: &[&DATA_DIR],
        environment: false,
    },
    &Form {
        topic: Topic::UserDisable,
        words: "user disable",
        operands: "NAME",
        sentence: "Keep a user from logging in; links go on.",
        examples: &["linkjar user disable bob"],
        options: &[&DATA_DIR],
        environment: false,
    },
    &Form {
        topic: Topic::UserEnable,
        words: "user enable",
        operands: "NAME",
        sentence: "Let a disabled user log in again.",
        examples: &["linkjar user enable bob"],
        options: &[&DATA_DIR],
        environment: false,
    },
    &Form {
        topic: Topic::UserRemove,
        words: "user remove",
        operands: "NAME",
        sentence: "Remove a user; the name stays taken.",
        examples: &["linkjar user remove bob --links keep", "linkjar user remove bob --links to=anna --yes"],
        options: &[&LINKS, &YES, &DATA_DIR],
        environment: false,
    },
    &Form {
        topic: Topic::UserRelease,
        words: "user release",
        operands: "NAME",
        sentence: "Give the name of a removed user free.",
        examples: &["linkjar user release bob"],
        options: &[&DATA_DIR],
        environment: false,
    },
    &Form {
        topic: Topic::UserInvite,
        words: "user invite",
        operands: "",
        sentence: "Make a link to register with, once.",
        examples: &["linkjar user invite --base-url https://short.example"],
        options: &[&BASE_URL, &DATA_DIR],
        environment: false,
    },
    &Form {
        topic: Topic::Backup,
        words: "backup",
        operands: "",
        sentence: "Copy the data file, and prove the copy.",
        examples: &["linkjar backup", "linkjar backup --to /mnt/backups/linkjar-monday.redb"],
        options: &[&TO, &DATA_DIR],
        environment: false,
    },
    &Form {
        topic: Topic::Export,
        words: "export",
        operands: "",
        sentence: "Write the data file anew, without gaps.",
        examples: &["linkjar export --compact linkjar-compact.redb"],
        options: &[&COMPACT, &DATA_DIR],
        environment: false,
    },
    &Form {
        topic: Topic::Check,
        words: "check",
        operands: "",
        sentence: "Look at everything in the data file.",
        examples: &["linkjar check", "linkjar check --json"],
        options: &[&JSON, &DATA_DIR],
        environment: false,
    },
    &Form {
        topic: Topic::Restore,
        words: "restore",
        operands: "FILE",
        sentence: "Put a backup in place of the data file.",
        examples: &[
            "linkjar restore data/backups/linkjar-2026-11-20-031500.redb",
            "linkjar restore --verify linkjar-monday.redb",
        ],
        options: &[&VERIFY, &DATA_DIR],
        environment: false,
    },
    &Form {
        topic: Topic::Migrate,
        words: "migrate",
        operands: "",
        sentence: "Bring the data file to the present format.",
        examples: &["linkjar migrate --dry-run", "linkjar migrate"],
        options: &[&DRY_RUN, &DATA_DIR],
        environment: false,
    },
    &Form {
        topic: Topic::Settings,
        words: "settings",
        operands: "[KEY[=VALUE]]",
        sentence: "Show or change what the data file keeps.",
        examples: &[
            "linkjar settings",
            "linkjar settings accounts.registration",
            "linkjar settings accounts.registration=invite",
        ],
        options: &[&DATA_DIR],
        environment: false,
    },
    &Form {
        topic: Topic::Config,
        words: "config",
        operands: "",
        sentence: "Show what serve would use: linkjar config --json",
        examples: &[],
        options: &[&JSON],
        environment: true,
    },
    &Form {
        topic: Topic::Health,
        words: "health",
        operands: "[URL]",
        sentence: "Ask a running server whether it is well.",
        examples: &[
            "linkjar health",
            "linkjar health http://127.0.0.1:8000",
            "linkjar health https://127.0.0.1:8000 --tls-cert data/tls/cert.pem",
        ],
        options: &[&HOST, &PORT, &TLS_CERT],
        environment: false,
    },
    &Form {
        topic: Topic::TlsSelfSigned,
        words: "tls self-signed",
        operands: "[NAME…]",
        sentence: "Make a certificate for your own network.",
        examples: &["linkjar tls self-signed", "linkjar tls self-signed nas.lan 192.168.1.5"],
        options: &[&DATA_DIR],
        environment: false,
    },
    &Form {
        topic: Topic::Version,
        words: "version",
        operands: "",
        sentence: "Print the version; also -V and --version.",
        examples: &["linkjar version", "linkjar version --json"],
        options: &[&JSON],
        environment: false,
    },
    &Form {
        topic: Topic::Help,
        words: "help",
        operands: "[COMMAND]",
        sentence: "Explain a command; also -h and --help.",
        examples: &["linkjar help", "linkjar help user add", "linkjar serve --help"],
        options: &[],
        environment: false,
    },
];
