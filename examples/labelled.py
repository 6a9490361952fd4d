"""Labelled arrays: xarray broadcasts by the names of dimensions and hands plain arrays to a compiled function.

The wind's chill of Environment Canada and the US weather service, by place and hour: where it is mild or calm, it is
the air's own temperature.
"""

import numpy as np
import xarray

import vargrad


@vargrad.compile
def chill(air, wind):
    """What 10 degrees and 30 km/h feel like, in degrees."""
    if air > 10 or wind < 4.8:
        return air
    return 13.12 + 0.6215 * air - 11.37 * wind**0.16 + 0.3965 * air * wind**0.16


hours = xarray.DataArray(np.arange(0, 24, 4), dims="hour", coords={"hour": np.arange(0, 24, 4)})
air = xarray.DataArray([-12.0, 4.0, 18.0], dims="place", coords={"place": ["Tromso", "Bergen", "Lisbon"]})
air = air + 5 * np.sin((hours - 9) / 24 * 2 * np.pi)
wind = 14 + 12 * np.cos(hours / 24 * 2 * np.pi)

felt = xarray.apply_ufunc(chill, air, wind)
by_air, by_wind = xarray.apply_ufunc(chill.grad, air, wind, output_core_dims=[[], []])
print("felt temperature, in degrees")
print(felt.round(1).to_pandas())
print("\nand how much it falls with each km/h more")
print(by_wind.round(2).to_pandas())
