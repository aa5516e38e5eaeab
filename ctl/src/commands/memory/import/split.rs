//! Texts larger than a memory, cut where their authors have cut them: at headings, else at paragraphs, else at lines.

/// Where a text may be cut, the best places first: each takes a text and returns where its parts begin, 0 left out.
const PLACES: [fn(&str) -> Vec<usize>; 4] = [headings, paragraphs, lines, characters];

/// Returns the pieces of a text, each of at most `largest` bytes and none of them empty.
pub(super) fn pieces(text: &str, largest: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    cut(text, largest.max(4), &PLACES, &mut pieces);
    pieces.into_iter().map(str::trim).filter(|piece| !piece.is_empty()).collect()
}

/// Cuts a text at the first of the places, and what is still too large there at the next ones.
fn cut<'t>(text: &'t str, largest: usize, places: &[fn(&str) -> Vec<usize>], pieces: &mut Vec<&'t str>) {
    let Some((place, worse)) = places.split_first().filter(|_| text.len() > largest) else {
        pieces.push(text);
        return;
    };
    let begins = place(text);
    let ends = begins.iter().copied().chain([text.len()]);
    // The piece that grows, and where the part before the next place ends.
    let (mut begin, mut until) = (0, 0);
    for end in ends {
        if end - begin > largest && until > begin {
            pieces.push(&text[begin..until]);
            begin = until;
        }
        if end - begin > largest {
            cut(&text[begin..end], largest, worse, pieces);
            begin = end;
        }
        until = end;
    }
    if until > begin {
        pieces.push(&text[begin..until]);
    }
}

/// Returns where lines that satisfy something begin, which is told the line and whether it stands in a block of code.
fn lines_that(text: &str, mut wanted: impl FnMut(&str, bool) -> bool) -> Vec<usize> {
    let (mut at, mut is_code, mut found) = (0, false, Vec::new());
    for line in text.split_inclusive('\n') {
        let is_fence = line.trim_start().starts_with("```") || line.trim_start().starts_with("~~~");
        if wanted(line, is_code) && at > 0 {
            found.push(at);
        }
        is_code ^= is_fence;
        at += line.len();
    }
    found
}

fn headings(text: &str) -> Vec<usize> {
    lines_that(text, |line, is_code| {
        let words = line.trim_start_matches('#');
        let depth = line.len() - words.len();
        !is_code && (1..=6).contains(&depth) && words.starts_with(' ')
    })
}

fn paragraphs(text: &str) -> Vec<usize> {
    let mut was_blank = false;
    lines_that(text, |line, is_code| {
        let is_blank = line.trim().is_empty();
        std::mem::replace(&mut was_blank, is_blank) && !is_blank && !is_code
    })
}

fn lines(text: &str) -> Vec<usize> {
    lines_that(text, |_, _| true)
}

fn characters(text: &str) -> Vec<usize> {
    text.char_indices().map(|(at, _)| at).skip(1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_stays_whole() {
        assert_eq!(pieces("# a\n\nb\n\n# c", 100), ["# a\n\nb\n\n# c"]);
        assert!(pieces(" \n", 100).is_empty());
    }

    #[test]
    fn headings_come_before_paragraphs_and_those_before_lines() {
        let text = "intro\n\n# one\n\naaaa aaaa\n\n## two\n\nbbbb\n\ncccc\ndddd\n";
        assert_eq!(pieces(text, 30), ["intro\n\n# one\n\naaaa aaaa", "## two\n\nbbbb\n\ncccc\ndddd"]);
        assert_eq!(pieces(text, 18), ["intro", "# one\n\naaaa aaaa", "## two\n\nbbbb", "cccc\ndddd"]);
        let tight = pieces(text, 6);
        assert!(tight.iter().all(|piece| piece.len() <= 6), "{tight:?}");
        assert_eq!(tight.concat().replace(char::is_whitespace, ""), text.replace(char::is_whitespace, ""));
    }

    #[test]
    fn code_is_no_heading_and_characters_stay_whole() {
        let code = "# real\n\n```sh\n# a comment\n\n# another\n```\n";
        assert_eq!(headings(&format!("x\n{code}")), [2]);
        assert_eq!(headings("x\n#hashtag\n####### seven\n"), Vec::<usize>::new());
        let wide = "会话".repeat(9);
        let cut = pieces(&wide, 10);
        assert!(cut.iter().all(|piece| piece.len() <= 10) && cut.concat() == wide, "{cut:?}");
    }

    #[test]
    fn a_large_text_is_cut_in_no_time() {
        let text = "x".repeat(4 << 20);
        assert_eq!(pieces(&text, 1 << 19).len(), 8);
    }
}
