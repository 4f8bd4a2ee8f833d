console.log(Error.stackTraceLimit, typeof Error.prepareStackTrace);
Error.stackTraceLimit = 2;
Error.prepareStackTrace = (error, sites) => `${error.message} from ${sites.length} places`;
throw new Error("thrown");
