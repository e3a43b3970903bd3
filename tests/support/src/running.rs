//! A command under way.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command};

use serde_json::Value;

use crate::output::Output;
use crate::strict_json::parse_strictly;

/// A run whose process has not ended.
pub struct RunningProcess {
    child: Child,
    events: Vec<Value>,
    rest: std::thread::JoinHandle<Vec<Value>>,
}

impl RunningProcess {
    /// Starts a command that writes events and waits for one that `reached` accepts.
    pub fn start(mut command: Command, reached: impl Fn(&Value) -> bool) -> Self {
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut events = Vec::new();
        while let Some(Ok(line)) = lines.next() {
            let event = parse_strictly(&line).unwrap();
            let found = reached(&event);
            events.push(event);
            if found {
                let lines = lines.map_while(Result::ok);
                let rest = std::thread::spawn(move || lines.filter_map(|line| parse_strictly(&line)).collect());
                return Self { child, events, rest };
            }
        }
        let mut errors = String::new();
        child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
        let status = child.wait().unwrap();
        panic!("the run ended ({status}) without the event: {errors}");
    }

    /// The run of the first event.
    pub fn run_id(&self) -> String {
        self.events[0]["run"].as_str().unwrap().to_owned()
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by its name and waits for the end.
    pub fn signal(self, name: &str) -> Output {
        let pid = self.pid().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
        self.wait()
    }

    /// Waits for the end. Stdout is not kept; the events are.
    pub fn wait(mut self) -> Output {
        let status = self.child.wait().unwrap();
        let mut stderr = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        self.events.extend(self.rest.join().unwrap());
        Output { code: status.code().unwrap_or(-1), events: self.events, stdout: String::new(), stderr }
    }
}
