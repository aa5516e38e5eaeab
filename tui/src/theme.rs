//! What styles mean: in colour, or with attributes alone. State is always told by words too.

use ratatui::style::{Color, Modifier, Style};

/// What a piece of text is, from which its style follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Ordinary text.
    Plain,
    /// Less important: units, hints, what is off.
    Quiet,
    /// A heading or a title.
    Strong,
    /// As it should be.
    Good,
    /// Works, and should be looked at.
    Odd,
    /// Does not work, or was refused.
    Bad,
    /// A key to press.
    Key,
    /// The first, second and third line of a chart.
    Series(u8),
}

/// The styles of one run of the dashboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Theme {
    /// With the sixteen colours of the terminal, which its user has chosen.
    Colour,
    /// With bold, dim and reverse only.
    Monochrome,
}

impl Theme {
    /// Returns the style of a tone.
    pub(crate) fn style(self, tone: Tone) -> Style {
        match self {
            Self::Colour => colour(tone),
            Self::Monochrome => monochrome(tone),
        }
    }

    /// Returns the style of the selected row and the open tab.
    pub(crate) fn selected(self) -> Style {
        match self {
            Self::Colour => Style::new().bg(Color::Blue).fg(Color::White).add_modifier(Modifier::BOLD),
            Self::Monochrome => Style::new().add_modifier(Modifier::REVERSED),
        }
    }

    /// Returns the style of the banner that says that the daemon is away.
    pub(crate) fn banner(self) -> Style {
        match self {
            Self::Colour => Style::new().bg(Color::Yellow).fg(Color::Black),
            Self::Monochrome => Style::new().add_modifier(Modifier::REVERSED),
        }
    }

    /// Returns a style as it looks on figures that are old because the daemon is away.
    pub(crate) fn old(self, style: Style) -> Style {
        match self {
            Self::Colour => {
                Style { fg: Some(Color::DarkGray), bg: None, ..style }.remove_modifier(Modifier::BOLD)
            }
            Self::Monochrome => style.remove_modifier(Modifier::BOLD).add_modifier(Modifier::DIM),
        }
    }
}

fn colour(tone: Tone) -> Style {
    match tone {
        Tone::Plain => Style::new(),
        Tone::Quiet => Style::new().fg(Color::DarkGray),
        Tone::Strong => Style::new().add_modifier(Modifier::BOLD),
        Tone::Good => Style::new().fg(Color::Green),
        Tone::Odd => Style::new().fg(Color::Yellow),
        Tone::Bad => Style::new().fg(Color::Red).add_modifier(Modifier::BOLD),
        Tone::Key => Style::new().fg(Color::Cyan).add_modifier(Modifier::BOLD),
        Tone::Series(0) => Style::new().fg(Color::Green),
        Tone::Series(1) => Style::new().fg(Color::Yellow),
        Tone::Series(_) => Style::new().fg(Color::Red),
    }
}

fn monochrome(tone: Tone) -> Style {
    match tone {
        Tone::Plain | Tone::Good | Tone::Series(_) => Style::new(),
        Tone::Quiet => Style::new().add_modifier(Modifier::DIM),
        Tone::Strong | Tone::Odd | Tone::Key => Style::new().add_modifier(Modifier::BOLD),
        Tone::Bad => Style::new().add_modifier(Modifier::BOLD.union(Modifier::UNDERLINED)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn monochrome_has_no_colour() {
        let tones = [Tone::Plain, Tone::Quiet, Tone::Strong, Tone::Good, Tone::Odd, Tone::Bad, Tone::Key];
        let theme = Theme::Monochrome;
        let series = (0..3).map(Tone::Series);
        let styles = tones.into_iter().chain(series).map(|tone| theme.style(tone));
        for style in styles.chain([theme.selected(), theme.banner(), theme.old(Style::new())]) {
            assert_eq!((style.fg, style.bg), (None, None));
        }
    }
}
