//! The process: arguments in, exit code out.

fn main() -> std::process::ExitCode {
    linkjar::run(std::env::args_os().skip(1).collect()).into()
}
