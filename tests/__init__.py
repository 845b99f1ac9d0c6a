"""Tests; a package, so that no package of that name among those installed comes before it."""
