//! The folder of a campaign: its plan, written before the first run; its journal; and, at the end, its results.

use std::fs::{self, File, OpenOptions};
use std::io::{BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::CampaignError;
use super::journal::{self, End, Writer};
use super::row::Row;
use super::summary::Summary;
use crate::plan::{FORMAT, Plan, Shard};

/// The plan, as `plan.json` has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanFile {
    plan_sha256: String,
    shard: Shard,
    parameters: Vec<String>,
    plan: Plan,
}

/// The only key that is read of a plan of another version.
#[derive(Deserialize)]
struct AnyPlan {
    plan: AnyFormat,
}

#[derive(Deserialize)]
struct AnyFormat {
    format: u32,
}

/// Rows between two orders to the disk to make them last: a killed process loses nothing even without, a machine
/// without power at most these.
const ROWS_A_SYNC: u64 = 64;

/// An open campaign; no other process can open it meanwhile.
pub struct Folder {
    path: PathBuf,
    file: PlanFile,
    summary: Summary,
    journal: Writer<File>,
    since_sync: u64,
    /// A torn line was dropped.
    pub mended: bool,
}

impl Folder {
    /// Opens a campaign to go on with it, or begins it: then the plan is written first.
    ///
    /// # Errors
    /// [`CampaignError`]: the folder is another campaign's, is damaged, is in use, or cannot be written.
    pub fn open(
        path: &Path,
        plan: &Plan,
        shard: Shard,
        parameters: &[String],
    ) -> Result<Self, CampaignError> {
        fs::create_dir_all(path).map_err(|error| {
            told(
                path,
                format!("is no folder and cannot be made one: {error}"),
            )
        })?;
        let plan_path = path.join("plan.json");
        let wanted = PlanFile {
            plan_sha256: plan.sha256(),
            shard,
            parameters: parameters.to_vec(),
            plan: plan.clone(),
        };
        // The lock comes first: two processes that begin together would both write the plan.
        let journal_path = path.join("journal.jsonl");
        let plan_existed = plan_path.exists();
        if !plan_existed && journal_path.exists() {
            return Err(told(
                path,
                "has a journal and no plan: plan.json was removed. Restore it, or take another folder",
            ));
        }
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(&journal_path)
            .map_err(|error| told(&journal_path, format!("cannot be opened: {error}")))?;
        if let Err(fs::TryLockError::WouldBlock) = file.try_lock() {
            return Err(told(path, "another process is running this campaign"));
        }
        if plan_existed {
            let found = read_plan(&plan_path)?;
            if found != wanted {
                return Err(told(path, difference(&found, &wanted)));
            }
        } else {
            let json = pretty(&wanted)?;
            write_whole(&plan_path, json.as_bytes())?;
        }
        Self::with_journal(path, wanted, file)
    }

    /// Opens a campaign that exists, to read it.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn existing(path: &Path) -> Result<Self, CampaignError> {
        let plan_path = path.join("plan.json");
        if !plan_path.is_file() {
            return Err(told(
                path,
                "is no folder of a campaign: it has no plan.json",
            ));
        }
        let plan = read_plan(&plan_path)?;
        let journal_path = path.join("journal.jsonl");
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .open(&journal_path)
            .map_err(|error| told(&journal_path, format!("cannot be opened: {error}")))?;
        if let Err(fs::TryLockError::WouldBlock) = file.try_lock() {
            return Err(told(path, "another process is running this campaign"));
        }
        Self::with_journal(path, plan, file)
    }

    fn with_journal(path: &Path, plan: PlanFile, mut file: File) -> Result<Self, CampaignError> {
        let journal_path = path.join("journal.jsonl");
        let mut summary = Summary::new();
        let end = read_rows(&journal_path, &plan, |row| summary.add(row))?;
        if end.is_torn {
            file.set_len(end.bytes)
                .map_err(|error| told(&journal_path, format!("cannot be mended: {error}")))?;
        }
        file.seek(SeekFrom::End(0))
            .map_err(|error| told(&journal_path, format!("cannot be read: {error}")))?;
        Ok(Self {
            path: path.to_path_buf(),
            file: plan,
            summary,
            journal: Writer::new(file, end.chain),
            since_sync: 0,
            mended: end.is_torn,
        })
    }

    /// Appends the next row.
    pub(super) fn add(&mut self, row: Row) -> Result<(), CampaignError> {
        let path = self.path.join("journal.jsonl");
        let runs = self.summary.runs;
        let failed = |error: std::io::Error| {
            told(
                &path,
                format!(
                    "cannot be written: {error}. The {runs} runs before are safe: make room, and give the same command \
                     again to go on"
                ),
            )
        };
        self.journal.add(&row).map_err(failed)?;
        self.since_sync += 1;
        if self.since_sync >= ROWS_A_SYNC {
            self.since_sync = 0;
            self.journal.get_ref().sync_data().map_err(failed)?;
        }
        self.summary.add(&row);
        Ok(())
    }

    /// Calls `each` for every row in order, one at a time in memory.
    ///
    /// # Errors
    /// [`CampaignError`]: the journal is damaged.
    pub fn for_each_row(&self, each: impl FnMut(&Row)) -> Result<(), CampaignError> {
        read_rows(&self.path.join("journal.jsonl"), &self.file, each).map(drop)
    }

    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.file.plan
    }

    /// Which part of the plan is here.
    pub fn shard(&self) -> Shard {
        self.file.shard
    }

    /// Names of what each run draws.
    pub fn parameters(&self) -> &[String] {
        &self.file.parameters
    }

    /// The rows so far.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the plan is fulfilled, as far as this shard goes.
    pub fn is_complete(&self) -> bool {
        super::is_complete(&self.summary, self.plan(), self.shard())
    }
}

/// Puts the shards of one campaign together, in a folder of its own that is as if it had been run in one piece.
///
/// # Errors
/// [`CampaignError`]: a folder is damaged, incomplete, of another campaign, given twice, or missing.
pub fn merge(shards: &[PathBuf], out: &Path) -> Result<Folder, CampaignError> {
    let mut folders = Vec::new();
    for path in shards {
        folders.push(Folder::existing(path)?);
    }
    folders.sort_by_key(|folder| folder.shard());
    let Some(first) = folders.first() else {
        return Err(CampaignError(
            "there is nothing to merge; name the shards' folders".into(),
        ));
    };
    for folder in &folders {
        if folder.plan() != first.plan() {
            return Err(told(
                folder.path(),
                format!(
                    "belongs to another campaign than {}: {}",
                    first.path().display(),
                    difference(&folder.file, &first.file)
                ),
            ));
        }
        if !folder.is_complete() {
            let (from, to) = folder.plan().share(folder.shard());
            return Err(told(
                folder.path(),
                format!(
                    "is not finished: {} of its {} runs are done. Give the command that began it again",
                    folder.summary().runs,
                    to - from
                ),
            ));
        }
    }
    let of = first.shard().of;
    for (index, folder) in folders.iter().enumerate() {
        let expected = Shard {
            number: index as u32 + 1,
            of,
        };
        if folder.shard() != expected {
            return Err(told(
                folder.path(),
                format!(
                    "is shard {} where {expected} was expected: every shard must be given once",
                    folder.shard()
                ),
            ));
        }
    }
    if folders.len() != of as usize {
        return Err(CampaignError(format!(
            "{} of {of} shards are given; every shard must be given once",
            folders.len()
        )));
    }
    let mut merged = Folder::open(out, first.plan(), Shard::WHOLE, first.parameters())?;
    // A merge that was interrupted goes on where it was.
    let done = merged.summary().runs;
    for folder in &folders {
        let mut failed = None;
        folder.for_each_row(|row| {
            if failed.is_none() && row.index >= done {
                failed = merged.add(row.clone()).err();
            }
        })?;
        if let Some(error) = failed {
            return Err(error);
        }
    }
    Ok(merged)
}

fn read_rows(
    path: &Path,
    plan: &PlanFile,
    mut each: impl FnMut(&Row),
) -> Result<End, CampaignError> {
    let file =
        File::open(path).map_err(|error| told(path, format!("cannot be opened: {error}")))?;
    let (mut next, end) = plan.plan.share(plan.shard);
    let names = super::coverage::names().len();
    journal::read(BufReader::new(file), |row: Row| {
        if row.index != next || next >= end {
            return Err(format!(
                "run {} stands where run {next} was expected",
                row.index
            ));
        }
        let fits = row.findings.len() == plan.plan.requirements.len()
            && row.parameters.len() == plan.parameters.len()
            && row.counts.0.len() == names;
        if !fits {
            return Err("has other columns than the plan says".into());
        }
        next += 1;
        each(&row);
        Ok(())
    })
    .map_err(|reason| told(path, reason))
}

fn read_plan(path: &Path) -> Result<PlanFile, CampaignError> {
    let text =
        fs::read_to_string(path).map_err(|error| told(path, format!("cannot be read: {error}")))?;
    let wrong = |error: serde_json::Error| {
        told(
            path,
            format!(
                "is no plan of a campaign, or is damaged: {error}. Restore it, or take another folder"
            ),
        )
    };
    let any: AnyPlan = serde_json::from_str(&text).map_err(wrong)?;
    if any.plan.format != FORMAT {
        return Err(told(
            path,
            format!(
                "has format {}, and this tool reads {FORMAT}: use the version that began the campaign",
                any.plan.format
            ),
        ));
    }
    let file: PlanFile = serde_json::from_str(&text).map_err(wrong)?;
    if file.plan.sha256() != file.plan_sha256 {
        return Err(told(
            path,
            "was changed after the campaign began: its hash does not fit. Restore it, or take another folder",
        ));
    }
    Ok(file)
}

/// The first thing in which two plans differ, in words.
fn difference(found: &PlanFile, wanted: &PlanFile) -> String {
    let (a, b) = (&found.plan, &wanted.plan);
    let what = if a.operation != b.operation {
        format!(
            "it is of the scenario \"{}\", not \"{}\"",
            a.operation, b.operation
        )
    } else if a.scenario_sha256 != b.scenario_sha256 {
        "the scenario, or a file that it names, has changed since it began".into()
    } else if a.tool != b.tool {
        format!("it was begun by version {}, this is {}", a.tool, b.tool)
    } else if a.control_loop != b.control_loop {
        format!(
            "it tests the loop {}, not {}",
            a.control_loop, b.control_loop
        )
    } else if a.runs != b.runs {
        format!(
            "its plan says {} runs, not {}: a plan cannot be changed after its runs were seen",
            a.runs, b.runs
        )
    } else if a.rule != b.rule {
        "its plan makes another claim: a claim cannot be changed after its runs were seen".into()
    } else if found.shard != wanted.shard {
        format!("it is shard {}, not {}", found.shard, wanted.shard)
    } else {
        "its seeds, its duration or its faults are other ones".into()
    };
    format!("{what}. Take another folder for another campaign")
}

/// Writes a file whole or not at all.
///
/// # Errors
/// [`CampaignError`] naming the file.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), CampaignError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    let beside = PathBuf::from(name);
    let written = File::create(&beside)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&beside, path));
    written.map_err(|error| {
        // Nothing to do when the remains cannot be removed: the message says what failed.
        let _ = fs::remove_file(&beside);
        told(path, format!("cannot be written: {error}"))
    })
}

fn pretty(value: &impl Serialize) -> Result<String, CampaignError> {
    serde_json::to_string_pretty(value).map_err(|error| CampaignError(error.to_string()))
}

pub(crate) fn told(path: &Path, message: impl AsRef<str>) -> CampaignError {
    CampaignError(format!("{}: {}", path.display(), message.as_ref()))
}
