//! The monitor against the real thing and against a plain echo server, as tables.
//!
//! `cargo run --release -p qapi-perf --bin monitor [-- --rounds N]`
//!
//! `QAPI_QEMU` names a `qemu-system-x86_64` other than the one on the path, `QAPI_CORPUS` the folder with QEMU's schemas.
//! What is absent leaves its figures out, by name. The subjects take turns, and figures are medians of the rounds. Where
//! latency counts, both ends run on one CPU.

mod decode;
mod measures;
mod peers;
mod wire;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use qapi_perf::Grid;

use measures::MANY;
use peers::{BARE, GUEST, Peer, Running};

/// What ends the program early.
type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    match measure(std::env::args().skip(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("monitor: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Where things are.
struct Workplace {
    root: PathBuf,
    target: PathBuf,
    /// Where everything that is measured is written.
    dir: PathBuf,
}

impl Workplace {
    fn new() -> Result<Self, Failure> {
        let program = std::env::current_exe()?;
        // TARGET/PROFILE/monitor
        let target = program.ancestors().nth(2).ok_or("this program lies in no target directory")?.to_owned();
        let root = fs::canonicalize(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))?;
        let dir = target.join("perf");
        fs::create_dir_all(&dir)?;
        Ok(Self { root, target, dir })
    }

    fn log(&self) -> PathBuf {
        self.dir.join("log")
    }

    /// Builds a program of the workspace as users get it.
    fn program(&self, name: &str, package: &[&str]) -> Result<PathBuf, Failure> {
        let mut cargo = Command::new("cargo");
        cargo.args(["build", "-q", "--release"]).args(package).current_dir(&self.root);
        qapi_perf::run(cargo.env("CARGO_TARGET_DIR", &self.target), &self.log())?;
        Ok(self.target.join("release").join(name))
    }
}

fn measure(mut args: impl Iterator<Item = String>) -> Result<(), Failure> {
    let rounds = match (args.next().as_deref(), args.next().map(|count| count.parse())) {
        (None, _) => 7,
        (Some("--rounds"), Some(Ok(count))) => count,
        _ => return Err("expected --rounds N".into()),
    };
    let place = Workplace::new()?;
    eprintln!("building what is measured in {}", place.target.display());
    let ours = Peer::machine("ours", place.program("qapi-emulator", &["-p", "qapi-emulator"])?);
    let qemu = qapi_test_support::qemu("monitor").map(|program| Peer::machine("QEMU", program));
    let peers: Vec<_> = [Some(Peer::echo(&place.dir)?), qemu.clone(), Some(ours)].into_iter().flatten().collect();
    println!("load {}", fs::read_to_string("/proc/loadavg").unwrap_or_default().trim());
    println!("{}", starts(&place, &peers, rounds)?);
    println!("{}", requests(&place, &peers, rounds)?);
    if let (Some(qemu), Some(corpus)) = (qemu, qapi_test_support::corpus("monitor")) {
        println!("{}", decode::table(&place, &qemu, &corpus)?);
    }
    Ok(())
}

/// Starting, and what it takes.
fn starts(place: &Workplace, peers: &[Peer], rounds: usize) -> Result<Grid, Failure> {
    let mut grid = grid("Starting", peers);
    row(&mut grid, peers, rounds, "exec to greeting, ms", "2", |peer| Ok(Some(ms(peer.greeting(BARE, &place.dir)?))))?;
    if qapi_test_support::kvm("monitor: exec to greeting with KVM").is_some() {
        row(&mut grid, peers, rounds, "exec to greeting with KVM, ms", "2.5", |peer| {
            Ok(if peer.understands() { Some(ms(peer.greeting(GUEST, &place.dir)?)) } else { None })
        })?;
    }
    row(&mut grid, peers, rounds, "resident after start, MiB", "5", |peer| {
        let running = peer.start(BARE, &place.dir, 1)?;
        let _wire = running.connect(0)?;
        Ok(Some(f64::from(u32::try_from(running.resident()?)?) / 1024.0))
    })?;
    Ok(grid)
}

/// Requests to peers that run all the while.
fn requests(place: &Workplace, peers: &[Peer], rounds: usize) -> Result<Grid, Failure> {
    let mut running = Vec::new();
    for peer in peers {
        running.push((peer, peer.start(BARE, &place.dir, 1 + MANY)?));
    }
    let wires = |running: &Running| (1..=MANY).map(|i| running.connect(i)).collect::<Result<Vec<_>, _>>();
    // Opened once: QEMU takes its time to take up a client.
    let mut wires: Vec<_> = running.iter().map(|(_, running)| wires(running)).collect::<Result<_, _>>()?;
    let mut firsts = running.iter().map(|(_, running)| running.connect(0)).collect::<Result<Vec<_>, _>>()?;
    let find = |peer: &Peer| running.iter().position(|(other, _)| other.name == peer.name).ok_or("not started");
    // A slow one is asked less often.
    let scaled = |peer: &Peer, count: usize| if peer.name == "QEMU" { count / 100 } else { count };

    let mut grid = grid(&format!("Requests, {MANY} monitors open"), peers);
    row(&mut grid, peers, rounds, "query-status p50, us", "1.2 x echo", |peer| {
        let at = find(peer)?;
        let time = measures::on_one_cpu(&running[at].1, || {
            measures::round_trip(&mut firsts[at], measures::QUERY_STATUS, scaled(peer, 20_000).max(2000))
        })?;
        Ok(Some(us(time)))
    })?;
    row(&mut grid, peers, rounds, "pipelined, k/s", "1000", |peer| {
        Ok(Some(measures::pipelined(&mut firsts[find(peer)?], scaled(peer, 500_000))? / 1e3))
    })?;
    row(&mut grid, peers, rounds, "64 monitors together, k/s", "120", |peer| {
        Ok(Some(measures::together(&mut wires[find(peer)?], scaled(peer, 2000))? / 1e3))
    })?;
    row(&mut grid, peers, rounds, "query-qmp-schema p50, us", "100", |peer| {
        let at = find(peer)?;
        let schema = || measures::schema(&mut firsts[at], scaled(peer, 1000));
        Ok(if peer.understands() { Some(us(measures::on_one_cpu(&running[at].1, schema)?)) } else { None })
    })?;
    row(&mut grid, peers, rounds, "one more KiB of request, us", "1", |peer| {
        let at = find(peer)?;
        let kibibyte = || measures::kibibyte(&mut firsts[at], scaled(peer, 1000));
        Ok(Some(us(measures::on_one_cpu(&running[at].1, kibibyte)?)))
    })?;
    Ok(grid)
}

fn grid(title: &str, peers: &[Peer]) -> Grid {
    let names = peers.iter().map(|peer| peer.name);
    let columns: Vec<_> = names.chain(["ours / echo", "QEMU / ours", "goal"]).collect();
    Grid::new(title, &columns)
}

/// Measures all peers in turns and adds the medians of the rounds, and how they compare.
fn row(
    grid: &mut Grid,
    peers: &[Peer],
    rounds: usize,
    name: &str,
    goal: &str,
    mut figure: impl FnMut(&Peer) -> Result<Option<f64>, Failure>,
) -> Result<(), Failure> {
    eprintln!("measuring: {name}");
    let mut figures = vec![Vec::new(); peers.len()];
    for _ in 0..rounds {
        for (peer, figures) in peers.iter().zip(&mut figures) {
            figures.extend(figure(peer)?);
        }
    }
    let medians: Vec<_> = figures.iter_mut().map(|figures| median(figures)).collect();
    let of = |name| peers.iter().position(|peer| peer.name == name).and_then(|at| medians.get(at).copied().flatten());
    let ratio = |upper: Option<f64>, lower: Option<f64>| match upper.zip(lower) {
        Some((upper, lower)) => format!("{:.2}", upper / lower),
        None => String::new(),
    };
    let ratios = [ratio(of("ours"), of("echo")), ratio(of("QEMU"), of("ours")), goal.to_owned()];
    let shown = medians.iter().map(|median| median.map_or_else(String::new, |figure| format!("{figure:.2}")));
    grid.row(name, shown.chain(ratios));
    Ok(())
}

fn median(figures: &mut [f64]) -> Option<f64> {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied()
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn us(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
