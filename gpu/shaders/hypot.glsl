// hypot_ is sqrt(d²+eps²): the larger before the root, so that squares neither overflow
// nor vanish.
float hypot_(float d, float eps) {
	float large = max(abs(d), eps), small = min(abs(d), eps) / large;
	return large == 0.0 ? 0.0 : large * sqrt(1.0 + small * small);
}

// slope is its derivative by d.
float slope(float d, float eps) { return d == 0.0 ? 0.0 : d / hypot_(d, eps); }
