//! `cargo xtask plugins [NAME…] [--check] [--build] [--force] [--runner]`. Words on stderr; exit code 1 when something is
//! stale or does not build, 2 when it was called wrongly.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use xtask::dist::Dist;
use xtask::member::{Member, Recipe};
use xtask::{make, member, toolchain};

const USAGE: &str = "usage: cargo xtask plugins [NAME…] [--force] [--runner]
       cargo xtask plugins --check [--build]

Builds every plugin, fixture and example whose sources have changed into plugins/dist (or examples/NAME).

  NAME…      only these; a fixture is `fixtures/NAME`
  --force    also what has not changed, but for the Python runner
  --runner   also the Python runner, which takes minutes
  --check    say what is stale; builds nothing, needs no wasm toolchain
  --build    with --check: compile everything as well (but for the Python runner), and throw it away";

#[derive(Default)]
struct Wish {
    names: Vec<String>,
    check: bool,
    build: bool,
    force: bool,
    runner: bool,
}

fn main() -> ExitCode {
    let Some(wish) = wish(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let root = xtask::root();
    let done = if wish.check { check(&root, &wish) } else { build(&root, &wish) };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn wish(mut args: impl Iterator<Item = String>) -> Option<Wish> {
    if args.next()? != "plugins" {
        return None;
    }
    let mut wish = Wish::default();
    for arg in args {
        match arg.as_str() {
            "--check" => wish.check = true,
            "--build" => wish.build = true,
            "--force" => wish.force = true,
            "--runner" => wish.runner = true,
            flag if flag.starts_with('-') => return None,
            name => wish.names.push(name.to_owned()),
        }
    }
    Some(wish)
}

fn check(root: &Path, wish: &Wish) -> Result<()> {
    let stale = xtask::stale(root)?;
    for fault in &stale {
        eprintln!("{fault}");
    }
    if wish.build {
        let toolchain = toolchain::find()?;
        for member in member::all(root)?.iter().filter(|member| member.recipe != Recipe::Script) {
            make::compile(root, member, Some(&toolchain))?;
            eprintln!("compiles    {}", member.name);
        }
    }
    if !stale.is_empty() {
        bail!("{} of the committed components are stale", stale.len());
    }
    eprintln!("every committed component is made of the sources beside it");
    Ok(())
}

fn build(root: &Path, wish: &Wish) -> Result<()> {
    let members = member::all(root)?;
    for name in &wish.names {
        let known = || members.iter().map(|member| member.name.as_str()).collect::<Vec<_>>().join(", ");
        members
            .iter()
            .find(|member| member.name == *name)
            .with_context(|| format!("there is no plugin `{name}`\nhint: there are {}", known()))?;
    }
    let dist = Dist::load(root)?;
    let mut failed = Vec::new();
    let mut found = None;
    for member in wanted(root, &members, &dist, wish)? {
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
    Dist::change(root, |dist| dist.keep_only(&members))?;
    if !failed.is_empty() {
        bail!("not built: {}", failed.join(", "));
    }
    Ok(())
}

fn wanted<'a>(root: &Path, members: &'a [Member], dist: &Dist, wish: &Wish) -> Result<Vec<&'a Member>> {
    let mut wanted = Vec::new();
    for member in members {
        if !wish.names.is_empty() && !wish.names.contains(&member.name) {
            continue;
        }
        let forced = if member.recipe == Recipe::Script { wish.runner } else { wish.force };
        if forced || dist.fault(root, member)?.is_some() {
            wanted.push(member);
        } else {
            eprintln!("up to date  {}", member.name);
        }
    }
    Ok(wanted)
}
