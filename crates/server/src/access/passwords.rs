//! Passwords: which are good enough, and their hashes.
//!
//! As NIST SP 800-63B has it: at least 12 characters, no rules about which, and none that is
//! guessed easily. That is estimated, without a network, by the method of zxcvbn: from the
//! passwords, words and names that are used most, repeats, rows of keys, dates, and what stands in
//! the name of the account.

use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use ring::rand::{SecureRandom, SystemRandom};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::secrets::NoRandomness;

/// The fewest characters of a password.
pub const SHORTEST: usize = 12;
/// The most bytes of a password.
pub const LONGEST: usize = 1024;

/// What a hash takes, as OWASP recommends for argon2id: kibibytes, passes, lanes.
const MEMORY: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Hashes at the same time.
const AT_ONCE: usize = 2;
/// Those that wait for their turn, and how long.
const WAITING: usize = 32;
const PATIENCE: Duration = Duration::from_secs(10);

/// Why a password is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Weak {
    /// Too few characters.
    #[error("expected a password of at least {SHORTEST} characters")]
    Short,
    /// Too many bytes.
    #[error("expected a password of at most {LONGEST} bytes")]
    Long,
    /// Others would guess it.
    #[error("this password is easily guessed{}: take several unrelated words",
        .0.as_deref().map(|why| format!(" ({why})")).unwrap_or_default())]
    Guessable(Option<String>),
}

/// Checks whether a password is good enough for the account `name`.
///
/// # Errors
///
/// Why not.
pub fn check(password: &str, name: &str) -> Result<(), Weak> {
    if password.chars().count() < SHORTEST {
        return Err(Weak::Short);
    }
    if password.len() > LONGEST {
        return Err(Weak::Long);
    }
    let local = name.split('@').next().unwrap_or_default();
    let parts = name.split(|character: char| !character.is_alphanumeric());
    let known: Vec<&str> = ["wardgate", "okta", name, local].into_iter().chain(parts).collect();
    if is_made_of(password, &known) {
        return Err(Weak::Guessable(Some("it is made of the name".to_owned())));
    }
    let estimate = zxcvbn::zxcvbn(password, &known);
    if estimate.score() >= zxcvbn::Score::Three {
        return Ok(());
    }
    let warning = estimate.feedback().and_then(|feedback| feedback.warning());
    let lower = |text: String| {
        let mut characters = text.trim_end_matches('.').chars();
        let first = characters.next().map(|first| first.to_lowercase().to_string());
        first.unwrap_or_default() + characters.as_str()
    };
    Err(Weak::Guessable(warning.map(|warning| lower(warning.to_string()))))
}

/// Whether little is left of a password without these words.
fn is_made_of(password: &str, words: &[&str]) -> bool {
    let mut rest = password.to_lowercase();
    for word in words.iter().filter(|word| word.chars().count() >= 3) {
        rest = rest.replace(&word.to_lowercase(), "");
    }
    rest.chars().count() < SHORTEST / 2
}

/// The hash of a password, in the PHC string format. It takes 20 MB and some 50 ms.
///
/// # Errors
///
/// When the system gives no random numbers.
pub fn hash(password: &str) -> Result<String, NoRandomness> {
    let mut salt = [0; 16];
    SystemRandom::new().fill(&mut salt).map_err(|_| NoRandomness)?;
    let hash = hasher().hash_password_with_salt(password.as_bytes(), &salt);
    // The parameters are constants, and the length of a password is bounded.
    hash.map(|hash: PasswordHash| hash.to_string()).map_err(|_| NoRandomness)
}

fn hasher() -> Argon2<'static> {
    let params = Params::new(MEMORY, PASSES, LANES, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn verify(password: &str, hash: &str) -> bool {
    let Ok(hash) = PasswordHash::new(hash) else { return false };
    hasher().verify_password(password.as_bytes(), &hash).is_ok()
}

/// Hashes passwords on threads of their own, a few at a time.
#[derive(Debug)]
pub(super) struct Passwords {
    turns: Arc<Semaphore>,
    waiting: Semaphore,
    /// Of a password that nobody has.
    nobodys: String,
}

/// Too many passwords are being checked, or the check failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Busy;

impl Passwords {
    pub(super) fn new() -> Result<Self, NoRandomness> {
        let mut password = [0; 32];
        SystemRandom::new().fill(&mut password).map_err(|_| NoRandomness)?;
        Ok(Self {
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            waiting: Semaphore::new(WAITING),
            nobodys: hash(&format!("{password:?}"))?,
        })
    }

    /// The hash of a password.
    pub(super) async fn hash(&self, password: String) -> Result<String, Busy> {
        self.take_turn(move || hash(&password)).await?.map_err(|_| Busy)
    }

    /// Whether a password is the one with this hash. Without a hash it takes as long, and is not.
    pub(super) async fn verify(
        &self,
        password: String,
        hash: Option<String>,
    ) -> Result<bool, Busy> {
        let is_known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.nobodys.clone());
        let is_right = self.take_turn(move || verify(&password, &hash)).await?;
        Ok(is_known && is_right)
    }

    async fn take_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let _waiting = self.waiting.try_acquire().map_err(|_| Busy)?;
        let turn = timeout(PATIENCE, Arc::clone(&self.turns).acquire_owned()).await;
        let turn = turn.map_err(|_| Busy)?.map_err(|_| Busy)?;
        let done = tokio::task::spawn_blocking(move || {
            // Kept until the work is done, even if nobody waits for it any more.
            let _turn = turn;
            work()
        });
        done.await.map_err(|_| Busy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_that_others_would_guess_are_refused() {
        let good = [
            "correct horse battery staple",
            "tülin geht um vier heim",
            "vK8#pq2LmZx!",
            "ветер несёт листья на север",
            "four score and seven teapots ago",
        ];
        for password in good {
            assert_eq!(check(password, "anna"), Ok(()), "{password}");
        }
        let guessed = [
            "password1234",
            "passwordpassword",
            "Password123!",
            "aaaaaaaaaaaa",
            "123456789012",
            "qwertyuiop[]",
            "abcabcabcabcabc",
            "iloveyou1234",
            "wardgatewardgate",
            "anna.berg2026",
            "annaberganna",
        ];
        for password in guessed {
            let weak = check(password, "anna.berg@example.com");
            assert!(matches!(weak, Err(Weak::Guessable(_))), "{password}: {weak:?}");
        }
        assert_eq!(check("vK8#pq2LmZx", "anna"), Err(Weak::Short));
        assert_eq!(check("äöüäöüäöüäö", "anna"), Err(Weak::Short), "characters, not bytes");
        assert_eq!(check(&"vK8#pq2LmZx!".repeat(100), "anna"), Err(Weak::Long));
        let why = check("passwordpassword", "anna").unwrap_err().to_string();
        assert!(why.starts_with("this password is easily guessed ("), "{why}");
        assert!(!why.ends_with('.'), "{why}");
    }

    #[test]
    fn hashes_are_argon2id_with_a_salt() {
        let (one, other) = (hash("a password").unwrap(), hash("a password").unwrap());
        assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{one}");
        assert_ne!(one, other);
        assert!(verify("a password", &one) && verify("a password", &other));
        assert!(!verify("another", &one) && !verify("", &one) && !verify("a password", "no hash"));
    }

    #[tokio::test]
    async fn passwords_are_checked_a_few_at_a_time() {
        let passwords = Arc::new(Passwords::new().unwrap());
        let nobodys = passwords.verify("x".into(), None).await;
        assert_eq!(nobodys, Ok(false));
        let hash = passwords.hash("right".into()).await.unwrap();
        assert_eq!(passwords.verify("right".into(), Some(hash.clone())).await, Ok(true));
        assert_eq!(passwords.verify("wrong".into(), Some(hash)).await, Ok(false));
        let turns = Arc::clone(&passwords.turns).acquire_many_owned(2).await.unwrap();
        let waiting: Vec<_> = (0..WAITING)
            .map(|_| {
                let passwords = Arc::clone(&passwords);
                tokio::spawn(async move { passwords.take_turn(|| ()).await })
            })
            .collect();
        while passwords.waiting.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(passwords.take_turn(|| ()).await, Err(Busy), "no more wait");
        drop(turns);
        for one in waiting {
            assert_eq!(one.await.unwrap(), Ok(()));
        }
        assert_eq!(passwords.take_turn(|| ()).await, Ok(()));
    }
}
