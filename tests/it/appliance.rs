//! The real executable with a data folder of its own, started on a free port and stopped when dropped.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
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
}

/// A running program.
pub struct Appliance {
    child: Child,
    pub address: SocketAddr,
    pub folder: TempDir,
    args: Vec<String>,
    env: Vec<(String, String)>,
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
        Start { folder: TempDir::new().unwrap(), args: Vec::new(), env: Vec::new() }
    }

    /// A folder with [`ADMIN`], made from the environment; registration is open.
    pub fn with_admin() -> Start {
        Start::empty()
            .env("SERVER_ADMIN_USERNAME", ADMIN)
            .env("SERVER_ADMIN_EMAIL", ADMIN_EMAIL)
            .env("SERVER_ADMIN_PASSWORD", PASSWORD)
            .env("SERVER_REGISTRATION", "open")
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

    /// The data folder of the program to come.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Starts the server and waits until it answers.
    pub fn run(self) -> Appliance {
        let log = File::create(self.folder.path().join("stderr.log")).unwrap();
        let mut child = command(self.folder.path(), &self.args, &self.env)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("http://").and_then(|rest| rest.strip_suffix('/'));
        let Some(address) = address.and_then(|address| address.parse().ok()) else {
            let stderr = std::fs::read_to_string(self.folder.path().join("stderr.log")).unwrap();
            panic!("the server did not start: {line:?}\n{stderr}");
        };
        Appliance { child, address, folder: self.folder, args: self.args, env: self.env }
    }

    /// Starts the server where it is expected to end by itself.
    pub fn fail(&self) -> Ended {
        let output = command(self.folder.path(), &self.args, &self.env).stdin(Stdio::null()).output().unwrap();
        Ended {
            status: output.status,
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

fn command(folder: &Path, args: &[String], env: &[(String, String)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_linkjar"));
    // Nothing of the caller's environment may reach the program under test.
    command.env_clear().current_dir(folder).envs(env.iter().map(|(name, value)| (name, value)));
    if !env.iter().any(|(name, _)| name == "SERVER_PORT") && !args.iter().any(|arg| arg.starts_with("--port")) {
        command.env("SERVER_PORT", "0");
    }
    command.args(args);
    command
}

/// Runs a command of the program in a folder, with some text on standard input.
pub fn run_command(folder: &Path, args: &[&str], stdin: &str) -> Ended {
    use std::io::Write;
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

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
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
        let (args, env) = (self.args.clone(), self.env.clone());
        let (status, folder) = self.stop();
        assert!(status.success(), "{status}");
        Start { folder, args, env }.run()
    }

    /// Kills it and starts it again on the same folder.
    pub fn restart_after_kill(self) -> Appliance {
        let (args, env) = (self.args.clone(), self.env.clone());
        Start { folder: self.kill(), args, env }.run()
    }
}

impl Drop for Appliance {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
