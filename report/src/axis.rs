//! Axes of plots: from figures to places, with round numbers as marks.

/// An axis.
pub(crate) struct Axis {
    /// The ends; on a logarithmic axis, their logarithms to base 10.
    low: f64,
    high: f64,
    is_logarithmic: bool,
    /// The figures that are marked.
    pub(crate) marks: Vec<f64>,
}

/// The numbers of marks that a vertical and a horizontal axis have, about.
const MARKS_UP: f64 = 4.0;
const MARKS_ACROSS: f64 = 7.0;

impl Axis {
    /// Returns an axis for finite figures, with a zero. If `may_be_logarithmic`, and all figures are above zero and of very
    /// different size, it is logarithmic.
    pub(crate) fn of(figures: impl Iterator<Item = f64> + Clone, may_be_logarithmic: bool) -> Self {
        let least = figures.clone().fold(f64::INFINITY, f64::min);
        let most = figures.clone().fold(f64::NEG_INFINITY, f64::max);
        if least > most {
            return Self::linear(0.0, 1.0, true, MARKS_UP);
        }
        if may_be_logarithmic && least > 0.0 && most / least > LOGARITHMIC_FROM {
            return Self::logarithmic(least, most);
        }
        let is_whole = figures.clone().all(|figure| figure.fract() == 0.0);
        Self::linear(least.min(0.0), most.max(0.0), is_whole, MARKS_UP)
    }

    /// Returns the axis of slots or other figures from left to right, without a zero.
    pub(crate) fn horizontal(figures: impl Iterator<Item = f64> + Clone) -> Self {
        let least = figures.clone().fold(f64::INFINITY, f64::min);
        let most = figures.clone().fold(f64::NEG_INFINITY, f64::max);
        let is_whole = figures.clone().all(|figure| figure.fract() == 0.0);
        let mut axis = Self::linear(least.min(most), most.max(least), is_whole, MARKS_ACROSS);
        // The ends are those of the figures.
        if least < most {
            (axis.low, axis.high) = (least, most);
            axis.marks.retain(|mark| (least..=most).contains(mark));
        }
        axis
    }

    fn linear(low: f64, high: f64, is_whole: bool, n_marks: f64) -> Self {
        let (low, high) = if low.is_finite() && high.is_finite() { (low, high) } else { (0.0, 1.0) };
        let high = if high > low { high } else { low + 1.0 };
        let rough = (high - low) / n_marks;
        let power = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power).into_iter().find(|step| *step >= rough);
        let step = step.unwrap_or(rough);
        let step = if is_whole { step.max(1.0) } else { step };
        let (first, last) = ((low / step).floor(), (high / step).ceil());
        // There are few, as a step is the range by `n_marks` or more.
        let marks: Vec<f64> =
            (0..=20).map(|n| (first + f64::from(n)) * step).take_while(|mark| *mark <= last * step).collect();
        Self { low: first * step, high: last * step, is_logarithmic: false, marks }
    }

    fn logarithmic(least: f64, most: f64) -> Self {
        let (first, last) = (least.log10().floor(), most.log10().ceil());
        let every = ((last - first) / 5.0).floor().max(1.0);
        let powers = (0..=8).map(|n| first + f64::from(n) * every).take_while(|power| *power <= last);
        Self {
            low: first,
            high: last,
            is_logarithmic: true,
            marks: powers.map(|power| 10_f64.powf(power)).collect(),
        }
    }

    /// Returns the place of a figure, from 0 to 1.
    pub(crate) fn place(&self, figure: f64) -> f64 {
        let Self { low, high, is_logarithmic, .. } = *self;
        let figure = if is_logarithmic { figure.log10() } else { figure };
        (figure - low) / (high - low)
    }
}

/// The ratio of the largest to the smallest figure from which on an axis is logarithmic.
const LOGARITHMIC_FROM: f64 = 1e3;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(figures: &[f64], may_be_logarithmic: bool, marks: &[f64]) {
        let axis = Axis::of(figures.iter().copied(), may_be_logarithmic);
        assert_eq!(axis.marks, marks, "{figures:?}");
        for figure in figures {
            assert!((0.0..=1.0).contains(&axis.place(*figure)), "{figure} of {figures:?}");
        }
    }

    #[test]
    fn marks_are_round_and_enclose_the_figures() {
        check(&[], false, &[0.0, 1.0]);
        check(&[0.0, 0.0], false, &[0.0, 1.0]);
        check(&[1.0], false, &[0.0, 1.0]);
        check(&[0.5], false, &[0.0, 0.2, 0.4, 0.6000000000000001]);
        check(&[3.0, 17.0], false, &[0.0, 5.0, 10.0, 15.0, 20.0]);
        check(&[-30.0, 10.0], false, &[-30.0, -20.0, -10.0, 0.0, 10.0]);
        check(&[1e-6, 1.0], true, &[1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0]);
        check(&[0.0, 1e6], true, &[0.0, 5e5, 1e6]);
        check(&[1e-300, 1e300], true, &[1e-300, 1e-180, 1e-60, 1e60, 1e180, 1e300]);
    }
}
