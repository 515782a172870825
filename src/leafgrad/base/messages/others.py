"""All messages but those that the rows of ops name: read when the first of them is needed."""

from .checkpoints import *
from .checks import *
from .extending import *
from .functional import *
from .graph import *
from .indexing import *
from .linalg import *
from .making import *
from .movement import *
from .profiling import *
from .saving import *
from .sums import *
from .transforms import *
from .trees import *
from .values import *
