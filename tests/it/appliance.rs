//! The real executable with a data folder of its own, started on a free port and stopped when dropped.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// The administrator that most tests begin with.
pub const ADMIN: &str = "root-user";
pub const ADMIN_EMAIL: &str = "admin@site.example";
pub const PASSWORD: &str = "correct horse battery staple";

/// How to start a program.
pub struct Start {
    folder: TempDir,
    args: Vec<String>,
    env: Vec<(String, String)>,
    descriptors: Option<u32>,
}

/// A running program.
pub struct Appliance {
    child: Child,
    /// `http`, or `https` where it has a certificate.
    pub scheme: String,
    pub address: SocketAddr,
    pub folder: TempDir,
    args: Vec<String>,
    env: Vec<(String, String)>,
    descriptors: Option<u32>,
}

/// What a program that has ended left behind.
pub struct Ended {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    pub fn code(&self) -> i32 {
        self.status.code().unwrap_or(-1)
    }
}

impl Start {
    /// An empty folder and no administrator.
    pub fn empty() -> Start {
        Start { folder: TempDir::new().unwrap(), args: Vec::new(), env: Vec::new(), descriptors: None }
    }

    /// A folder with [`ADMIN`], made from the environment; registration is open.
    pub fn with_admin() -> Start {
        Start::empty()
            .env("SERVER_ADMIN_USERNAME", ADMIN)
            .env("SERVER_ADMIN_EMAIL", ADMIN_EMAIL)
            .env("SERVER_ADMIN_PASSWORD", PASSWORD)
            .env("SERVER_REGISTRATION", "open")
    }

    /// The same, and nobody has to wait before making the next link.
    pub fn with_busy_admin() -> Start {
        let start = Start::with_admin();
        let add = ["user", "add", ADMIN, "--email", ADMIN_EMAIL, "--admin", "--password-stdin"];
        for args in [&add[..], &["settings", "links.per-minute=unlimited"]] {
            assert_eq!(run_command(start.folder.path(), args, PASSWORD).code(), 0);
        }
        start
    }

    /// Takes a folder that is there already.
    pub fn folder(mut self, folder: TempDir) -> Start {
        self.folder = folder;
        self
    }

    pub fn env(mut self, name: &str, value: &str) -> Start {
        self.env.retain(|(known, _)| known != name);
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn arg(mut self, arg: &str) -> Start {
        self.args.push(arg.to_owned());
        self
    }

    /// Puts a file into the folder, for our eyes only; programs are started in there.
    pub fn file(self, name: &str, text: &str) -> Start {
        write_file(&self.folder.path().join(name), text);
        self
    }

    /// Lets the process have so many open files and no more.
    pub fn descriptors(mut self, count: u32) -> Start {
        self.descriptors = Some(count);
        self
    }

    /// The data folder of the program to come.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Starts the server and waits until it answers.
    pub fn run(self) -> Appliance {
        let log = File::create(self.folder.path().join("stderr.log")).unwrap();
        let mut child = self.command().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_suffix('/').and_then(|rest| rest.split_once("://"));
        let Some((scheme, address)) = url.and_then(|(scheme, address)| Some((scheme, address.parse().ok()?))) else {
            let stderr = std::fs::read_to_string(self.folder.path().join("stderr.log")).unwrap();
            panic!("the server did not start: {line:?}\n{stderr}");
        };
        let Start { folder, args, env, descriptors } = self;
        Appliance { child, scheme: scheme.to_owned(), address, folder, args, env, descriptors }
    }

    /// Starts the server where it is expected to end by itself.
    pub fn fail(&self) -> Ended {
        let output = self.command().stdin(Stdio::null()).output().unwrap();
        Ended {
            status: output.status,
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    fn command(&self) -> Command {
        let program = env!("CARGO_BIN_EXE_linkjar");
        let mut command = match self.descriptors {
            None => Command::new(program),
            Some(count) => {
                let mut shell = Command::new("sh");
                shell.args(["-c", &format!("ulimit -n {count}; exec \"$0\" \"$@\""), program]);
                shell
            }
        };
        // Nothing of the caller's environment may reach the program under test.
        command.env_clear().current_dir(self.folder.path()).envs(self.env.iter().map(|(name, value)| (name, value)));
        let chooses_port = self.env.iter().any(|(name, _)| name == "SERVER_PORT")
            || self.args.iter().any(|arg| arg.starts_with("--port"));
        if !chooses_port {
            command.env("SERVER_PORT", "0");
        }
        command.args(&self.args);
        command
    }
}

/// Writes a file that nobody but us may read, in the place of an old one, as renewal tools do.
pub fn write_file(path: &Path, text: &str) {
    let new = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new).unwrap();
    file.write_all(text.as_bytes()).unwrap();
    std::fs::rename(new, path).unwrap();
}

/// Runs a command of the program in a folder, with some text on standard input.
pub fn run_command(folder: &Path, args: &[&str], stdin: &str) -> Ended {
    let mut child = Command::new(env!("CARGO_BIN_EXE_linkjar"))
        .env_clear()
        .current_dir(folder)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that ends before it has read everything is fine.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    let output = child.wait_with_output().unwrap();
    Ended {
        status: output.status,
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

impl Appliance {
    /// Everything the program has written to stderr so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("stderr.log")).unwrap()
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The one-time code of the setup page, as printed.
    pub fn setup_code(&self) -> String {
        let log = self.log();
        let at = log.find("setup#").expect("no setup code was printed") + "setup#".len();
        log[at..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect()
    }

    /// Scheme and authority, as a browser names them.
    pub fn origin(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// Where plain HTTP is spoken beside TLS.
    pub fn plain(&self) -> SocketAddr {
        let log = self.log();
        let (_, rest) = log.split_once("listening for plain HTTP url=http://").expect("there is no plain port");
        rest[..rest.find('/').unwrap()].parse().unwrap()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Stops all its threads where they are, until [`Appliance::resume`]: what is sent meanwhile comes at one moment.
    pub fn pause(&self) {
        self.signal(Signal::STOP);
        let is_stopped = |task: PathBuf| {
            let stat = std::fs::read_to_string(task.join("stat")).unwrap();
            stat.rsplit(')').next().unwrap().trim_start().starts_with('T')
        };
        let tasks = || std::fs::read_dir(format!("/proc/{}/task", self.pid())).unwrap();
        while !tasks().all(|task| is_stopped(task.unwrap().path())) {
            std::thread::yield_now();
        }
    }

    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    /// Processor time it has used so far, in hundredths of a second (proc_pid_stat(5), fields 14 and 15).
    pub fn processor_ticks(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid())).unwrap();
        let fields = stat.rsplit(')').next().unwrap().split_whitespace();
        fields.skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum()
    }

    /// Asks it to stop and waits for the end.
    pub fn stop(mut self) -> (ExitStatus, TempDir) {
        self.signal(Signal::TERM);
        let status = self.child.wait().unwrap();
        (status, std::mem::replace(&mut self.folder, TempDir::new().unwrap()))
    }

    /// Kills it without a word, as a power cut of the process.
    pub fn kill(mut self) -> TempDir {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        std::mem::replace(&mut self.folder, TempDir::new().unwrap())
    }

    /// Waits for its end, which must come by itself.
    pub fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    /// Stops it and starts it again on the same folder.
    pub fn restart(self) -> Appliance {
        let (args, env, descriptors) = (self.args.clone(), self.env.clone(), self.descriptors);
        let (status, folder) = self.stop();
        assert!(status.success(), "{status}");
        Start { folder, args, env, descriptors }.run()
    }

    /// Kills it and starts it again on the same folder.
    pub fn restart_after_kill(self) -> Appliance {
        let (args, env, descriptors) = (self.args.clone(), self.env.clone(), self.descriptors);
        Start { folder: self.kill(), args, env, descriptors }.run()
    }
}

impl Drop for Appliance {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
