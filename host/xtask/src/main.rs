//! `cargo xtask plugins …` builds components, `cargo xtask bench …` measures. Both print to stderr; exits with 1 when a component
//! is stale or does not build or a measurement fails, with 2 on a usage error.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use xtask::bench;
use xtask::dist::Dist;
use xtask::member::{Member, Recipe};
use xtask::{make, member, toolchain};

const USAGE: &str = "usage: cargo xtask plugins [NAME…] [--force] [--runner]
       cargo xtask plugins --check [--build]

Build every plugin, fixture and example whose sources have changed into plugins/dist (or examples/NAME).

  NAME…      only these; a fixture is `fixtures/NAME`
  --force    also unchanged ones, except the Python runner
  --runner   also the Python runner, which takes minutes
  --check    list stale components; builds nothing and needs no wasm toolchain
  --build    with --check: also compile everything except the Python runner, and discard the result";

#[derive(Default)]
struct Options {
    names: Vec<String>,
    check: bool,
    build: bool,
    force: bool,
    runner: bool,
}

fn main() -> ExitCode {
    let root = xtask::root();
    let mut args = std::env::args().skip(1);
    let done = match args.next().as_deref() {
        Some("plugins") => parse_args(args).map(|options| plugins(&root, &options)),
        Some("bench") => bench::run(&root, args),
        _ => None,
    };
    match done {
        Some(Ok(())) => ExitCode::SUCCESS,
        Some(Err(error)) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
        None => {
            eprintln!("{USAGE}\n\n{}", bench::USAGE);
            ExitCode::from(2)
        }
    }
}

fn plugins(root: &Path, options: &Options) -> Result<()> {
    if options.check { check(root, options) } else { build(root, options) }
}

fn parse_args(args: impl Iterator<Item = String>) -> Option<Options> {
    let mut options = Options::default();
    for arg in args {
        match arg.as_str() {
            "--check" => options.check = true,
            "--build" => options.build = true,
            "--force" => options.force = true,
            "--runner" => options.runner = true,
            flag if flag.starts_with('-') => return None,
            name => options.names.push(name.to_owned()),
        }
    }
    Some(options)
}

fn check(root: &Path, options: &Options) -> Result<()> {
    let stale = xtask::stale(root)?;
    for fault in &stale {
        eprintln!("{fault}");
    }
    if options.build {
        let toolchain = toolchain::find()?;
        for member in member::all(root)?.iter().filter(|member| member.recipe != Recipe::Script) {
            make::compile(root, member, Some(&toolchain))?;
            eprintln!("compiles    {}", member.name);
        }
    }
    if !stale.is_empty() {
        let count = if stale.len() == 1 {
            "1 committed component is".to_owned()
        } else {
            format!("{} committed components are", stale.len())
        };
        bail!("{count} stale");
    }
    eprintln!("all committed components are up to date");
    Ok(())
}

fn build(root: &Path, options: &Options) -> Result<()> {
    let members = member::all(root)?;
    for name in &options.names {
        let known = || members.iter().map(|member| member.name.as_str()).collect::<Vec<_>>().join(", ");
        members
            .iter()
            .find(|member| member.name == *name)
            .with_context(|| format!("there is no plugin `{name}`\nhint: use one of {}", known()))?;
    }
    let dist = Dist::load(root)?;
    let mut failed = Vec::new();
    let mut found = None;
    for member in select_members(root, &members, &dist, options)? {
        if found.is_none() && member.recipe != Recipe::Script {
            found = Some(toolchain::find()?);
        }
        match make::compile(root, member, found.as_ref()) {
            Ok(component) => {
                let known = make::store(root, member, &component)?;
                eprintln!("built       {} ({} bytes)", known.file, known.size);
                Dist::change(root, |dist| dist.put(known))?;
            }
            Err(error) => {
                eprintln!("error: {error:#}");
                failed.push(member.name.as_str());
            }
        }
    }
    Dist::change(root, |dist| dist.retain_members(&members))?;
    if !failed.is_empty() {
        bail!("not built: {}", failed.join(", "));
    }
    Ok(())
}

fn select_members<'a>(root: &Path, members: &'a [Member], dist: &Dist, options: &Options) -> Result<Vec<&'a Member>> {
    let mut selected = Vec::new();
    for member in members {
        if !options.names.is_empty() && !options.names.contains(&member.name) {
            continue;
        }
        let forced = if member.recipe == Recipe::Script { options.runner } else { options.force };
        if forced || dist.fault(root, member)?.is_some() {
            selected.push(member);
        } else {
            eprintln!("up to date  {}", member.name);
        }
    }
    Ok(selected)
}
